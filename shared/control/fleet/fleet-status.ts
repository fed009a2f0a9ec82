import type { Migration } from '../../db/migrations.ts'
import { onlyRow } from '../../db/only-row.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import type { Operation } from '../operation.ts'
import { operationColumns, toOperation } from '../operations.ts'
import { readTruth } from './read-truth.ts'

export interface FleetStatus {
  /** The version that the code brings. */
  readonly latest: number
  readonly tenants: number
  readonly versions: readonly { readonly version: number; readonly tenants: number }[]
  /** Tenants on an older version, the first hundred by name. */
  readonly behind: readonly { readonly slug: string; readonly version: number; readonly placement: string }[]
  /** Who failed in the last run, and is behind still. */
  readonly failed: readonly {
    readonly slug: string
    readonly sql_state: string | null
    readonly error: string | null
  }[]
  readonly last_run: Operation | null
}

/** How many tenants are on an older version than the code brings, and how many operations have not ended: from the catalog. */
export async function countUnfinished(
  { pools, catalog }: ControlPlane,
  latest: number,
): Promise<{ readonly behind: number; readonly operations: number }> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ behind: number; operations: number }>(
      `SELECT (SELECT count(*)::int FROM catalog.tenants WHERE version BETWEEN 1 AND $1 - 1) AS behind,
         (SELECT count(*)::int FROM catalog.operations WHERE finished_at IS NULL) AS operations`,
      [latest],
    ),
  )
  return onlyRow(rows)
}

/** Where the fleet stands beside the migrations that the code brings: the truth of each placement, and what the last run left. */
export async function readFleetStatus(control: ControlPlane, migrations: readonly Migration[]): Promise<FleetStatus> {
  const latest = migrations.length
  const counts = await readTruth(control)
  const versions = [...counts].map(([version, tenants]) => ({ version, tenants })).sort((a, b) => a.version - b.version)
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    const behind = await client.query<FleetStatus['behind'][number]>(
      `SELECT slug, version, placement FROM catalog.tenants WHERE version BETWEEN 1 AND $1 - 1 ORDER BY slug LIMIT 100`,
      [latest],
    )
    const runs = await client.query<Parameters<typeof toOperation>[0]>(
      `SELECT ${operationColumns} FROM catalog.operations o WHERE kind = 'migrate' ORDER BY id DESC LIMIT 1`,
    )
    const [run] = runs.rows
    const failed = await client.query<FleetStatus['failed'][number]>(
      `SELECT t.slug, r.sql_state, r.error FROM catalog.migration_results r JOIN catalog.tenants t ON t.id = r.tenant_id
       WHERE r.operation_id = $1 AND r.result = 'failed' AND t.version < $2 ORDER BY t.slug`,
      [run?.id ?? null, latest],
    )
    return {
      latest,
      tenants: versions.reduce((sum, { tenants }) => sum + tenants, 0),
      versions,
      behind: behind.rows,
      failed: failed.rows,
      last_run: run === undefined ? null : toOperation(run),
    }
  })
}

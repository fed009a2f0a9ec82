import * as z from 'zod'
import { quoteIdentifier } from '../db/identifiers.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { readEnvironment } from '../environment.ts'
import { describeError, log } from '../logger.ts'
import { refOf } from '../tenancy/catalog-queries.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { OperationKind } from './operation.ts'
import { startOperation } from './operations.ts'

const input = z.object({ hours: z.number().positive() })
const position = z.object({ after: z.string(), tenants: z.int(), removed: z.int() })

/** Tenants a step looks at, and rows that one transaction removes. */
const chunk = 100
const batch = 1_000

/**
 * Removes idempotency keys that have been kept for long enough, in small batches, so that nobody waits for it; and the
 * records of sweeps that are older than a week.
 */
export const sweepOperation: OperationKind<z.output<typeof input>, z.output<typeof position>> = {
  kind: 'sweep',
  input,
  position,
  start: { after: '0', tenants: 0, removed: 0 },
  cancellable: true,
  async step(control, { hours }, { after, tenants, removed }) {
    const next = await readTenants(control, after)
    let here = 0
    for (const { placement, schema } of next) {
      // One that is out of reach keeps nobody's keys but its own from being swept: they are in an hour.
      here += await sweepSchema(control, placement, schema, hours).catch((error) => {
        log.warn('idempotency keys were not swept', { placement, schema, error: describeError(error) })
        return 0
      })
    }
    const last = next.at(-1)
    const at = { after: last?.id ?? after, tenants: tenants + next.length, removed: removed + here }
    const progress = { position: at, done: at.tenants, total: null }
    if (last !== undefined) return progress
    await forgetOldSweeps(control)
    return { ...progress, result: { tenants: at.tenants, removed: at.removed } }
  },
}

async function readTenants(
  { pools, catalog }: ControlPlane,
  after: string,
): Promise<{ id: string; placement: string; schema: string }[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ id: string; placement: string; schema: string }>(
      `SELECT id, placement, schema_name AS schema FROM catalog.tenants
       WHERE id > $1 AND version > 0 AND status <> 'moving' ORDER BY id LIMIT $2`,
      [after, chunk],
    ),
  )
  return rows
}

async function sweepSchema({ pools }: ControlPlane, placement: string, schema: string, hours: number): Promise<number> {
  const ref = refOf(placement, schema)
  const table = `${quoteIdentifier(ref.schema)}.idempotency_keys`
  let removed = 0
  for (;;) {
    const count = await withOwnerTransaction(pools, ref.placement, async (client) => {
      // A tenant that is behind has no such table yet. One that moves has no version record: its copy must not be told from
      // its original by a sweep, so a move waits for this transaction, and no sweep begins behind it.
      const { rows } = await client.query<{ there: boolean }>(
        'SELECT to_regclass($1) IS NOT NULL AS there FROM atrium.tenant_versions WHERE schema_name = $2 FOR SHARE',
        [table, ref.schema],
      )
      if (!rows[0]?.there) return 0
      const { rowCount } = await client.query(
        `DELETE FROM ${table} WHERE (route, key) IN (
           SELECT route, key FROM ${table} WHERE created_at < now() - $1 * interval '1 hour' LIMIT $2 FOR UPDATE SKIP LOCKED)`,
        [hours, batch],
      )
      return rowCount ?? 0
    })
    removed += count
    if (count < batch) return removed
  }
}

async function forgetOldSweeps({ pools, catalog }: ControlPlane): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query(`DELETE FROM catalog.operations WHERE kind = 'sweep' AND finished_at < now() - interval '7 days'`),
  )
}

/** Starts a sweep when the last one began an hour ago. */
export async function startDueSweep(control: ControlPlane): Promise<void> {
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<{ due: boolean }>(
      `SELECT NOT EXISTS (SELECT FROM catalog.operations
         WHERE kind = 'sweep' AND (finished_at IS NULL OR created_at > now() - interval '1 hour')) AS due`,
    ),
  )
  if (!rows[0]?.due) return
  const hours = readEnvironment().IDEMPOTENCY_HOURS
  await startOperation(control, sweepOperation, { input: { hours }, tenant: null, operator: 'the schedule of sweeps' })
}

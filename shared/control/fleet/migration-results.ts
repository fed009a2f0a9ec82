import type pg from 'pg'
import { onlyRow } from '../../db/only-row.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import type { MigrationOutcome, TenantToMigrate } from './migrate-tenants.ts'

/** Tries of one tenant in a run, and the milliseconds between them, doubled each time. */
const mostAttempts = 4
const firstBackoff = 250

/**
 * Enters the tenants that a run is to migrate, in waves: the canaries, a tenth, the rest. A tenant that has a schema is
 * migrated whatever its status; one on the move is waited for. Entered again, nothing changes. Answers how many there are.
 * Throws `tenant_unknown` for a slug that is none.
 */
export async function planRun(
  { pools, catalog }: ControlPlane,
  operationId: string,
  run: { readonly tenants: readonly string[] | null; readonly canaries: readonly string[] | null },
  to: number,
): Promise<number> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    await requireTenants(client, [...(run.tenants ?? []), ...(run.canaries ?? [])])
    await client.query(
      `INSERT INTO catalog.migration_results (operation_id, tenant_id, wave)
       SELECT $1, t.id, CASE
           WHEN $3::text[] IS NOT NULL AND t.slug = ANY ($3) THEN 0
           WHEN $3::text[] IS NULL AND row_number() OVER (ORDER BY t.id) <= ceil(count(*) OVER () / 100.0) THEN 0
           WHEN row_number() OVER (ORDER BY t.id) <= ceil(count(*) OVER () / 10.0) THEN 1
           ELSE 2
         END
       FROM catalog.tenants t
       WHERE t.version BETWEEN 1 AND $4 - 1 AND ($2::text[] IS NULL OR t.slug = ANY ($2))
       ON CONFLICT DO NOTHING`,
      [operationId, run.tenants, run.canaries, to],
    )
    const { rows } = await client.query<{ total: string }>(
      'SELECT count(*) AS total FROM catalog.migration_results WHERE operation_id = $1',
      [operationId],
    )
    return Number(onlyRow(rows).total)
  })
}

/** Throws `tenant_unknown` for the first slug that is none. */
export async function requireTenants(client: pg.ClientBase, slugs: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ slug: string }>(
    'SELECT slug FROM unnest($1::text[]) AS slug WHERE slug NOT IN (SELECT t.slug FROM catalog.tenants t)',
    [slugs],
  )
  if (rows[0] !== undefined) throw new AppError('tenant_unknown', `There is no tenant "${rows[0].slug}".`)
}

export interface NextTenants {
  readonly tenants: readonly (TenantToMigrate & {
    readonly placement: string
    readonly version: number
    readonly attempts: number
  })[]
  /** Milliseconds until someone up to this wave can be tried again, when nobody can be now. */
  readonly waitMs: number | undefined
  /** The next wave that has tenants in it. */
  readonly laterWave: number | undefined
}

/**
 * Who up to a wave is next, `limit` at most: one placement after the other, since a worker keeps connections to three, and to open
 * them takes longer than to migrate a tenant.
 */
export async function readNext(
  { pools, catalog }: ControlPlane,
  operationId: string,
  wave: number,
  limit: number,
): Promise<NextTenants> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    const { rows } = await client.query<NextTenants['tenants'][number]>(
      `SELECT r.tenant_id AS "tenantId", t.schema_name AS schema, t.placement, t.version, r.attempts
       FROM catalog.migration_results r JOIN catalog.tenants t ON t.id = r.tenant_id
       WHERE r.operation_id = $1 AND r.wave <= $2 AND r.result = 'pending' AND r.not_before <= clock_timestamp()
         AND t.status <> 'moving'
       ORDER BY t.placement, r.tenant_id LIMIT $3`,
      [operationId, wave, limit],
    )
    const later = await client.query<{ wait: number | null; wave: number | null }>(
      `SELECT (extract(epoch FROM min(not_before) FILTER (WHERE wave <= $2) - clock_timestamp()) * 1000)::float8 AS wait,
         min(wave) FILTER (WHERE wave > $2) AS wave
       FROM catalog.migration_results WHERE operation_id = $1 AND result = 'pending'`,
      [operationId, wave],
    )
    const { wait, wave: laterWave } = onlyRow(later.rows)
    return {
      tenants: rows,
      waitMs: wait === null ? undefined : Math.max(100, wait),
      laterWave: laterWave ?? undefined,
    }
  })
}

/**
 * Records what became of tenants, in the run and in the catalog's copy of their version. A failure is put off until it
 * has been tried often enough. `already current` within a run means that a worker who died had migrated the tenant.
 */
export async function recordOutcomes(
  { pools, catalog }: ControlPlane,
  operationId: string,
  outcomes: ReadonlyMap<string, MigrationOutcome>,
): Promise<void> {
  const rows = [...outcomes].map(([tenantId, outcome]) => ({
    tenantId,
    result: outcome.result === 'failed' ? 'failed' : 'migrated',
    version: outcome.result === 'failed' ? null : outcome.version,
    sqlState: outcome.result === 'failed' ? outcome.sqlState : null,
    error: outcome.result === 'failed' ? outcome.error : null,
  }))
  const column = <Name extends keyof (typeof rows)[number]>(name: Name) => rows.map((row) => row[name])
  await withOwnerTransaction(pools, catalog, async (client) => {
    await client.query(
      `UPDATE catalog.migration_results r SET
         attempts = r.attempts + 1,
         result = CASE WHEN o.result = 'failed' AND r.attempts + 1 < $5 THEN 'pending' ELSE o.result END,
         not_before = clock_timestamp() + $6 * 2 ^ r.attempts * interval '1 ms',
         sql_state = o.sql_state, error = o.error
       FROM unnest($2::bigint[], $3::text[], $4::text[], $7::text[]) AS o (tenant_id, result, sql_state, error)
       WHERE r.operation_id = $1 AND r.tenant_id = o.tenant_id AND r.result = 'pending'`,
      [
        operationId,
        column('tenantId'),
        column('result'),
        column('sqlState'),
        mostAttempts,
        firstBackoff,
        column('error'),
      ],
    )
    await client.query(
      `UPDATE catalog.tenants t SET version = o.version FROM unnest($1::bigint[], $2::integer[]) AS o (tenant_id, version)
       WHERE t.id = o.tenant_id AND o.version IS NOT NULL`,
      [column('tenantId'), column('version')],
    )
  })
}

export interface ResultCounts {
  readonly pending: number
  readonly migrated: number
  readonly failed: readonly {
    readonly slug: string
    readonly sql_state: string | null
    readonly error: string | null
  }[]
}

export async function countResults({ pools, catalog }: ControlPlane, operationId: string): Promise<ResultCounts> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    const { rows } = await client.query<{ result: string; count: number }>(
      `SELECT result, count(*)::int AS count FROM catalog.migration_results WHERE operation_id = $1 GROUP BY result`,
      [operationId],
    )
    const count = (result: string) => rows.find((row) => row.result === result)?.count ?? 0
    const failed = await client.query<ResultCounts['failed'][number]>(
      `SELECT t.slug, r.sql_state, r.error FROM catalog.migration_results r JOIN catalog.tenants t ON t.id = r.tenant_id
       WHERE r.operation_id = $1 AND r.result = 'failed' ORDER BY t.slug`,
      [operationId],
    )
    return {
      pending: count('pending'),
      migrated: count('migrated'),
      failed: failed.rows,
    }
  })
}

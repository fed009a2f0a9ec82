import type pg from 'pg'
import * as z from 'zod'
import { onlyRow } from '../../db/only-row.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import type { MigrationOutcome, TenantToMigrate } from './migrate-tenants.ts'

/** Tries of one tenant in a run, and the milliseconds between them, doubled each time. */
const mostAttempts = 4
const firstBackoff = 250

/** The tenants of a run, as an SQL condition on `t`: those named, or all, that have a schema on an older version. */
const inRun = (to: string, slugs: string) =>
  `t.version BETWEEN 1 AND ${to} - 1 AND (${slugs}::text[] IS NULL OR t.slug = ANY (${slugs}))`

export const waves = z.object({
  /** How many tenants there were to migrate when the run was planned. */
  total: z.int(),
  /** Canaries are those named, or those with an id up to this one: the first hundredth, from all placements. */
  canaries: z.union([z.array(z.string()), z.string()]),
  /** The second wave ends with this one in the order of placement and id: a tenth, from as few placements as hold it. */
  tenth: z.object({ placement: z.string(), id: z.string() }),
})

/** The waves of a run: the canaries, a tenth, the rest. */
export type Waves = z.output<typeof waves>

export interface Scope {
  /** Slugs; everyone when null. */
  readonly tenants: readonly string[] | null
  /** The version to come to. */
  readonly to: number
}

/**
 * Divides the tenants that a run is to migrate into waves. A tenant that has a schema is migrated whatever its status; one on
 * the move is waited for. Throws `tenant_unknown` for a slug that is none.
 */
export async function planRun(
  { pools, catalog }: ControlPlane,
  { tenants, to }: Scope,
  canaries: readonly string[] | null,
): Promise<Waves> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    await requireTenants(client, [...(tenants ?? []), ...(canaries ?? [])])
    const { rows } = await client.query<{ total: number; hundredth: string | null; tenth: Waves['tenth'] | null }>(
      `SELECT count(*)::int AS total, max(id) FILTER (WHERE by_id <= ceil(total / 100.0)) AS hundredth,
         (array_agg(json_build_object('placement', placement, 'id', id::text))
           FILTER (WHERE by_placement = ceil(total / 10.0)))[1] AS tenth
       FROM (
         SELECT t.id, t.placement, row_number() OVER (ORDER BY t.id) AS by_id,
           row_number() OVER (ORDER BY t.placement, t.id) AS by_placement, count(*) OVER () AS total
         FROM catalog.tenants t WHERE ${inRun('$1', '$2')}
       ) run`,
      [to, tenants],
    )
    const { total, hundredth, tenth } = onlyRow(rows)
    return { total, canaries: canaries?.slice() ?? hundredth ?? '0', tenth: tenth ?? { placement: '', id: '0' } }
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

export type NextTenant = TenantToMigrate & { readonly version: number; readonly attempts: number }

export interface NextTenants {
  /** By placement. */
  readonly tenants: ReadonlyMap<string, readonly NextTenant[]>
  /** All of the run that are neither migrated nor given up. */
  readonly remaining: number
  readonly failed: readonly {
    readonly slug: string
    readonly sql_state: string | null
    readonly error: string | null
  }[]
  /** Milliseconds until someone up to this wave can be tried again, when nobody can be now. */
  readonly waitMs: number | undefined
  /** The next wave that has tenants in it. */
  readonly laterWave: number | undefined
}

/** The run's tenants that are neither migrated nor given up, with their wave; takes $1 to $7. */
const remaining = `
  SELECT t.id, t.schema_name, t.placement, t.version, coalesce(r.attempts, 0) AS attempts, r.not_before,
    t.status <> 'moving' AND coalesce(r.not_before <= clock_timestamp(), true) AS is_ready,
    CASE WHEN t.id <= $4::bigint OR t.slug = ANY ($3::text[]) THEN 0
      WHEN (t.placement, t.id) <= ($5::text, $6::bigint) THEN 1 ELSE 2 END AS wave
  FROM catalog.tenants t
  LEFT JOIN catalog.migration_results r ON r.operation_id = $7 AND r.tenant_id = t.id
  WHERE ${inRun('$1', '$2')} AND r.result IS DISTINCT FROM 'failed'`

const parametersOf = (run: Run) => [
  ...[run.scope.to, run.scope.tenants],
  ...(typeof run.waves.canaries === 'string' ? [null, run.waves.canaries] : [run.waves.canaries, null]),
  ...[run.waves.tenth.placement, run.waves.tenth.id, run.id],
]

export interface Run {
  /** The operation's. */
  readonly id: string
  readonly scope: Scope
  readonly waves: Waves
}

/**
 * Where a run stands, and who up to a wave is next: whole placements, one after the other, with `enough` tenants in all, since a
 * worker keeps connections to three, and to open one takes longer than to migrate a tenant.
 */
export async function readNext(
  { pools, catalog }: ControlPlane,
  run: Run,
  wave: number,
  enough: number,
): Promise<NextTenants> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    const [groups, failed] = await Promise.all([
      client.query<{
        placement: string
        remaining: number
        ready: number
        wait: number | null
        later: number | null
      }>(
        `SELECT placement, count(*)::int AS remaining, count(*) FILTER (WHERE is_ready AND wave <= $8)::int AS ready,
           (extract(epoch FROM min(coalesce(not_before, clock_timestamp())) FILTER (WHERE wave <= $8) - clock_timestamp())
              * 1000)::float8 AS wait,
           min(wave) FILTER (WHERE wave > $8) AS later
         FROM (${remaining}) r GROUP BY placement ORDER BY placement`,
        [...parametersOf(run), wave],
      ),
      client.query<NextTenants['failed'][number]>(
        `SELECT t.slug, r.sql_state, r.error FROM catalog.migration_results r JOIN catalog.tenants t ON t.id = r.tenant_id
         WHERE r.operation_id = $1 AND r.result = 'failed' ORDER BY t.slug`,
        [run.id],
      ),
    ])
    const placements: string[] = []
    let expected = 0
    for (const { placement, ready } of groups.rows) {
      if (ready === 0 || expected >= enough) continue
      placements.push(placement)
      expected += ready
    }
    const { rows } = await client.query<NextTenant & { placement: string }>(
      `SELECT id AS "tenantId", schema_name AS schema, placement, version, attempts FROM (${remaining}) r
       WHERE is_ready AND wave <= $8 AND placement = ANY ($9) ORDER BY placement, id`,
      [...parametersOf(run), wave, placements],
    )
    const least = (numbers: readonly (number | null)[]) => {
      const known = numbers.filter((number) => number !== null)
      return known.length === 0 ? undefined : Math.min(...known)
    }
    const wait = least(groups.rows.map((group) => group.wait))
    return {
      tenants: Map.groupBy(rows, ({ placement }) => placement),
      remaining: groups.rows.reduce((sum, group) => sum + group.remaining, 0),
      failed: failed.rows,
      waitMs: wait === undefined ? undefined : Math.max(100, wait),
      laterWave: least(groups.rows.map(({ later }) => later)),
    }
  })
}

/**
 * Records what became of tenants: in the catalog's copy of their version, and for who failed in the run, the only ones that have a
 * row there. A failure is put off until it has been tried often enough. `already current` within a run means that a
 * worker who died had migrated the tenant.
 */
export async function recordOutcomes(
  { pools, catalog }: ControlPlane,
  run: Pick<Run, 'id'>,
  wave: number,
  outcomes: ReadonlyMap<string, MigrationOutcome>,
): Promise<void> {
  const all = [...outcomes].map(([tenantId, outcome]) => ({ tenantId, ...outcome }))
  const done = all.filter((outcome) => outcome.result !== 'failed')
  const failed = all.filter((outcome) => outcome.result === 'failed')
  await withOwnerTransaction(pools, catalog, async (client) => {
    await client.query(
      `UPDATE catalog.tenants t SET version = o.version
       FROM unnest($1::bigint[], $2::integer[]) AS o (tenant_id, version) WHERE t.id = o.tenant_id`,
      [done.map(({ tenantId }) => tenantId), done.map(({ version }) => version)],
    )
    if (failed.length === 0) return
    await client.query(
      `INSERT INTO catalog.migration_results AS r (operation_id, tenant_id, wave, attempts, not_before, sql_state, error)
       SELECT $1, t.id, $2, 1, clock_timestamp() + $7 * interval '1 ms', o.sql_state, o.error
       FROM unnest($3::bigint[], $4::text[], $5::text[]) AS o (tenant_id, sql_state, error)
       JOIN catalog.tenants t ON t.id = o.tenant_id -- but for one that was purged meanwhile
       FOR KEY SHARE OF t
       ON CONFLICT (operation_id, tenant_id) DO UPDATE SET
         attempts = r.attempts + 1, sql_state = excluded.sql_state, error = excluded.error,
         result = CASE WHEN r.attempts + 1 < $6 THEN 'pending' ELSE 'failed' END,
         not_before = clock_timestamp() + $7 * 2 ^ r.attempts * interval '1 ms'`,
      [
        ...[run.id, wave, failed.map(({ tenantId }) => tenantId)],
        ...[failed.map(({ sqlState }) => sqlState), failed.map(({ error }) => error), mostAttempts, firstBackoff],
      ],
    )
  })
}

import type pg from 'pg'
import { quoteIdentifier } from '../db/identifiers.ts'
import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { describeError, log } from '../logger.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { markWhoIsOver } from './plans.ts'

/** A tenant's schema, and how many rows its plan lets it have. */
interface Measured {
  readonly id: string
  readonly schema: string
  readonly row_limit: string | null
}

/** Rows that Atrium keeps for itself are not the tenant's. */
const ownTables: readonly string[] = ['idempotency_keys']

/**
 * Collects from every placement whose last collection is `age` seconds old, the oldest first, until none is or `patience`
 * milliseconds have passed. One that is out of reach is tried again when it is due again.
 */
export async function collectDueUsage(
  control: ControlPlane,
  { age, patience }: { readonly age: number; readonly patience: number },
): Promise<void> {
  const until = Date.now() + patience
  while (Date.now() < until) {
    const placement = await claimDue(control, age)
    if (placement === undefined) return
    await collectUsage(control, placement).catch((error) =>
      log.warn('usage was not collected', { placement, error: describeError(error) }),
    )
  }
}

async function claimDue({ pools, catalog }: ControlPlane, age: number): Promise<string | undefined> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ name: string }>(
      `UPDATE catalog.placements SET collected_at = clock_timestamp() WHERE name = (
         SELECT name FROM catalog.placements
         WHERE collected_at IS NULL OR collected_at < clock_timestamp() - $1 * interval '1 s'
         ORDER BY collected_at NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED
       ) RETURNING name`,
      [age],
    ),
  )
  return rows[0]?.name
}

/** Copies a placement's records of usage to the catalog, and measures its tenants' data. */
export async function collectUsage(control: ControlPlane, placement: string): Promise<void> {
  await copyUsage(control, placement)
  await measureTenants(control, placement)
}

/**
 * Copies a placement's records, or those of one tenant there. Done twice, it changes nothing: sums are copied and not added. Records
 * of days that cannot change any more are removed once they are copied.
 */
export async function copyUsage(
  { pools, catalog }: ControlPlane,
  placement: string,
  tenantId: string | null = null,
): Promise<void> {
  const rows = await withOwnerTransaction(pools, placement, async (client) => {
    const found = await client.query(
      `SELECT tenant_id, day::text, requests, throttled, errors, database_ms, rows, bytes FROM atrium.usage
       WHERE $1::bigint IS NULL OR tenant_id = $1`,
      [tenantId],
    )
    return found.rows
  })
  if (rows.length === 0) return
  await withOwnerTransaction(pools, catalog, (client) => client.query(copyRecords, [placement, JSON.stringify(rows)]))
  await withOwnerTransaction(pools, placement, (client) =>
    client.query(
      `DELETE FROM atrium.usage WHERE day < (now() AT TIME ZONE 'UTC')::date - 2 AND ($1::bigint IS NULL OR tenant_id = $1)`,
      [tenantId],
    ),
  )
}

/** Notes how large the tenants of a placement are, and who of them is beyond its plan. */
async function measureTenants({ pools, catalog }: ControlPlane, placement: string): Promise<void> {
  const tenants = await withOwnerTransaction(pools, catalog, async (client) => {
    const { rows } = await client.query<Measured>(
      `SELECT t.id, t.schema_name AS schema, p.row_limit FROM catalog.tenants t JOIN catalog.plans p ON p.name = t.plan
       WHERE t.placement = $1 AND t.version > 0`,
      [placement],
    )
    return rows
  })
  if (tenants.length === 0) return
  const sizes = await withOwnerTransaction(pools, placement, (client) => measure(client, tenants))
  await withOwnerTransaction(pools, catalog, async (client) => {
    await client.query(copySizes, [JSON.stringify(sizes)])
    await markWhoIsOver(client, { placement })
  })
}

/** A placement that was restored to an earlier time says less than it did: what was said counts. */
const copyRecords = `INSERT INTO catalog.usage AS u (day, tenant_id, placement, tenant, requests, throttled, errors, database_ms, rows, bytes)
  SELECT c.day, c.tenant_id, $1, coalesce(t.slug, 'id ' || c.tenant_id), c.requests, c.throttled, c.errors, c.database_ms, c.rows, c.bytes
  FROM jsonb_to_recordset($2) AS c (tenant_id bigint, day date, requests bigint, throttled bigint, errors bigint,
    database_ms float8, rows bigint, bytes bigint)
  LEFT JOIN catalog.tenants t ON t.id = c.tenant_id
  ON CONFLICT (day, tenant_id, placement) DO UPDATE SET requests = greatest(u.requests, excluded.requests),
    throttled = greatest(u.throttled, excluded.throttled), errors = greatest(u.errors, excluded.errors),
    database_ms = greatest(u.database_ms, excluded.database_ms), rows = greatest(u.rows, excluded.rows),
    bytes = greatest(u.bytes, excluded.bytes)`

const copySizes = `INSERT INTO catalog.tenant_sizes AS s (tenant_id, row_count, storage_bytes)
  SELECT m.id, m.rows, m.bytes FROM jsonb_to_recordset($1) AS m (id bigint, rows bigint, bytes bigint)
  JOIN catalog.tenants t ON t.id = m.id
  ON CONFLICT (tenant_id) DO UPDATE SET row_count = excluded.row_count, storage_bytes = excluded.storage_bytes
  WHERE (s.row_count, s.storage_bytes) IS DISTINCT FROM (excluded.row_count, excluded.storage_bytes)`

interface Size {
  readonly id: string
  readonly rows: number
  readonly bytes: number
}

/** What the server's own figures of rows may lag behind: by a tenth, and by what has just come. */
const mayBeOver = (estimated: number, limit: number) => estimated * 1.1 + 1_000 > limit

/** Whoever may have more rows than the plan allows is counted. */
async function measure(client: pg.ClientBase, tenants: readonly Measured[]): Promise<Size[]> {
  await client.query(`SET LOCAL lock_timeout = '1s'`)
  const { rows } = await client.query<{ schema: string; rows: number; bytes: number; tables: string[] }>(
    `SELECT n.nspname AS schema, coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 AS bytes,
       coalesce(sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)) FILTER (WHERE c.relname <> ALL ($2)), 0)::float8 AS rows,
       coalesce(array_agg(c.relname::text) FILTER (WHERE c.relname <> ALL ($2)), '{}') AS tables
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1) AND c.relkind = 'r'
     GROUP BY n.nspname`,
    [tenants.map(({ schema }) => schema), ownTables],
  )
  const bySchema = new Map(tenants.map((tenant) => [tenant.schema, tenant]))
  const sizes: Size[] = []
  for (const { schema, bytes, tables, ...estimated } of rows) {
    const tenant = bySchema.get(schema)
    if (tenant === undefined) continue
    const isCounted = tenant.row_limit !== null && mayBeOver(estimated.rows, Number(tenant.row_limit))
    sizes.push({ id: tenant.id, bytes, rows: isCounted ? await countRows(client, schema, tables) : estimated.rows })
  }
  return sizes
}

async function countRows(client: pg.ClientBase, schema: string, tables: readonly string[]): Promise<number> {
  const counts = tables.map((table) => `(SELECT count(*) FROM ${quoteIdentifier(schema)}.${quoteIdentifier(table)})`)
  const { rows } = await client.query<{ rows: number }>(`SELECT (${counts.join(' + ') || '0'})::float8 AS rows`)
  return onlyRow(rows).rows
}

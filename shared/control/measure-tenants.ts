import type pg from 'pg'
import { quoteIdentifier } from '../db/identifiers.ts'
import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { describeError, log } from '../logger.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { type MeasuredTenant, markWhoIsOver } from './plans.ts'

/** A tenant's schema, and what its plan lets it have. */
interface Measured {
  readonly id: string
  readonly schema: string
  readonly row_limit: number | null
  readonly storage_bytes: number | null
}

type Size = Pick<MeasuredTenant, 'rows' | 'bytes'>

interface Estimate {
  readonly schema: string
  readonly rows: number
  readonly bytes: number
  readonly tables: readonly string[]
}

/** Rows that Atrium keeps for itself are not the tenant's. */
const ownTables: readonly string[] = ['idempotency_keys']

/**
 * Notes how large the tenants of a placement are, and who of them is beyond its plan: by the server's own figures, which cost
 * nothing, and by counting where those leave it open. A table that somebody holds locked keeps its tenant's old figures.
 */
export async function measureTenants(control: ControlPlane, placement: string): Promise<void> {
  const { pools, catalog } = control
  const tenants = await withOwnerTransaction(pools, catalog, async (client) => {
    const { rows } = await client.query<Measured>(
      `SELECT t.id, t.schema_name AS schema, p.row_limit::float8 AS row_limit, p.storage_bytes::float8 AS storage_bytes
       FROM catalog.tenants t JOIN catalog.plans p ON p.name = t.plan WHERE t.placement = $1 AND t.version > 0`,
      [placement],
    )
    return rows
  })
  if (tenants.length === 0) return
  const bySchema = new Map(tenants.map((tenant) => [tenant.schema, tenant]))
  const sizes: MeasuredTenant[] = []
  for (const estimate of await estimateAll(control, placement, [...bySchema.keys()])) {
    const tenant = bySchema.get(estimate.schema)
    if (tenant === undefined) continue
    const size = await measureOne(control, placement, tenant, estimate)
    const { id, row_limit, storage_bytes } = tenant
    if (size !== undefined) sizes.push({ id, row_limit, storage_bytes, ...size })
  }
  await withOwnerTransaction(pools, catalog, async (client) => {
    await client.query(copySizes, [JSON.stringify(sizes)])
    await markWhoIsOver(client, sizes)
  })
}

/** All at once, or one by one where somebody holds a table locked. */
async function estimateAll(control: ControlPlane, placement: string, schemas: readonly string[]): Promise<Estimate[]> {
  const ask = (some: readonly string[]) =>
    withOwnerTransaction(control.pools, placement, async (client) => {
      await client.query(`SET LOCAL lock_timeout = '100ms'`)
      const { rows } = await client.query<Estimate>(estimates, [some, ownTables])
      return rows
    })
  try {
    return await ask(schemas)
  } catch (error) {
    warn(placement, undefined, error)
    const found: Estimate[] = []
    for (const schema of schemas) {
      await ask([schema]).then(
        (one) => found.push(...one),
        (reason) => warn(placement, schema, reason),
      )
    }
    return found
  }
}

const estimates = `SELECT n.nspname AS schema, coalesce(sum(pg_table_size(c.oid)), 0)::float8 AS bytes,
    coalesce(sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)), 0)::float8 AS rows,
    coalesce(array_agg(c.relname::text), '{}') AS tables
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1) AND c.relkind = 'r' AND c.relname <> ALL ($2) GROUP BY n.nspname`

/** What the server's figure of rows may lag behind: a tenth, and what has just come. Sizes are never below what the rows take. */
const mayBeOver = ({ rows, bytes }: Estimate, { row_limit, storage_bytes }: Measured) =>
  (row_limit !== null && rows * 1.1 + 1_000 > row_limit) || (storage_bytes !== null && bytes > storage_bytes)

async function measureOne(
  { pools }: ControlPlane,
  placement: string,
  tenant: Measured,
  estimate: Estimate,
): Promise<Size | undefined> {
  if (!mayBeOver(estimate, tenant)) return { rows: estimate.rows, bytes: estimate.bytes }
  try {
    return await withOwnerTransaction(pools, placement, (client) => count(client, estimate))
  } catch (error) {
    warn(placement, tenant.schema, error)
    return undefined
  }
}

/** Rows as they are, and the bytes that they take: what is deleted counts no longer, though its room is not given back. */
async function count(client: pg.ClientBase, { schema, tables }: Estimate): Promise<Size> {
  await client.query(`SET LOCAL lock_timeout = '100ms'`)
  const counted = tables.map((table) => {
    const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
    return `SELECT count(*) AS rows, coalesce(sum(pg_column_size(t.*)), 0) AS bytes FROM ${name} t`
  })
  const { rows } = await client.query<Size>(
    `SELECT sum(rows)::float8 AS rows, sum(bytes)::float8 AS bytes FROM (${counted.join(' UNION ALL ')}) AS c`,
  )
  return onlyRow(rows)
}

function warn(placement: string, schema: string | undefined, error: unknown): void {
  log.warn('tenants were not measured at once', { placement, schema, error: describeError(error) })
}

const copySizes = `INSERT INTO catalog.tenant_sizes AS s (tenant_id, row_count, storage_bytes)
  SELECT m.id, m.rows, m.bytes FROM jsonb_to_recordset($1) AS m (id bigint, rows bigint, bytes bigint)
  JOIN catalog.tenants t ON t.id = m.id -- but for one that was purged meanwhile
  FOR KEY SHARE OF t
  ON CONFLICT (tenant_id) DO UPDATE SET row_count = excluded.row_count, storage_bytes = excluded.storage_bytes
  WHERE (s.row_count, s.storage_bytes) IS DISTINCT FROM (excluded.row_count, excluded.storage_bytes)`

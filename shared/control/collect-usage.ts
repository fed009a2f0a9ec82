import type pg from 'pg'
import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { describeError, log } from '../logger.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { dropKeyUses } from './api-keys.ts'
import { measureTenants } from './measure-tenants.ts'

/**
 * Collects from every placement whose last collection is `age` seconds old, the oldest first, and measures its tenants, until none
 * is due or `patience` milliseconds have passed. One that is out of reach is tried again when it is due again.
 */
export async function collectDueUsage(
  control: ControlPlane,
  { age, patience }: { readonly age: number; readonly patience: number },
): Promise<void> {
  const until = Date.now() + patience
  while (Date.now() < until) {
    const placement = await claimDue(control, age)
    if (placement === undefined) return
    await collectUsage(control, placement).catch((error) => warn(placement, error))
  }
}

function warn(placement: string, error: unknown): void {
  log.warn('usage was not collected', { placement, error: describeError(error) })
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

/** Copies the records of all placements, one after the other, until `patience` milliseconds have passed. */
export async function copyAllUsage(control: ControlPlane, patience: number): Promise<void> {
  const until = Date.now() + patience
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<{ name: string }>('SELECT name FROM catalog.placements ORDER BY collected_at NULLS FIRST'),
  )
  for (const { name } of rows) {
    if (Date.now() >= until) return
    await copyUsage(control, name).catch((error) => warn(name, error))
  }
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

/** A placement that was restored to an earlier time says less than it did: what was said counts. */
const copyRecords = `INSERT INTO catalog.usage AS u (day, tenant_id, placement, tenant, requests, throttled, errors, database_ms, rows, bytes)
  SELECT c.day, c.tenant_id, $1,
    coalesce(t.slug, (SELECT max(k.tenant) FROM catalog.usage k WHERE k.tenant_id = c.tenant_id), 'id ' || c.tenant_id),
    c.requests, c.throttled, c.errors, c.database_ms, c.rows, c.bytes
  FROM jsonb_to_recordset($2) AS c (tenant_id bigint, day date, requests bigint, throttled bigint, errors bigint,
    database_ms float8, rows bigint, bytes bigint)
  LEFT JOIN catalog.tenants t ON t.id = c.tenant_id
  ORDER BY c.tenant_id, c.day
  ON CONFLICT (tenant_id, day, placement) DO UPDATE SET requests = greatest(u.requests, excluded.requests),
    throttled = greatest(u.throttled, excluded.throttled), errors = greatest(u.errors, excluded.errors),
    database_ms = greatest(u.database_ms, excluded.database_ms), rows = greatest(u.rows, excluded.rows),
    bytes = greatest(u.bytes, excluded.bytes)`

/** What requests have left beside a tenant's data in a placement that it leaves: its usage is copied, which outlives it. */
export async function forgetRequests(control: ControlPlane, tenantId: string, placement: string): Promise<void> {
  await dropKeyUses(control, tenantId, placement)
  await copyUsage(control, placement, tenantId)
  await withOwnerTransaction(control.pools, placement, (client) =>
    client.query('DELETE FROM atrium.rate_leases WHERE tenant_id = $1', [tenantId]),
  )
}

/**
 * Empties the records of a placement that the catalog does not know: a database that was restored from a copy says of its tenants
 * what has been counted where they are.
 */
export async function forgetForeignUsage({ pools, catalog }: ControlPlane, placement: string): Promise<void> {
  const isKnown = await withOwnerTransaction(pools, catalog, async (client: pg.ClientBase) => {
    const { rows } = await client.query<{ known: boolean }>(
      'SELECT EXISTS (SELECT FROM catalog.placements WHERE name = $1) AS known',
      [placement],
    )
    return onlyRow(rows).known
  })
  if (isKnown) return
  await withOwnerTransaction(pools, placement, (client) =>
    client.query('DELETE FROM atrium.usage; DELETE FROM atrium.rate_leases'),
  )
}

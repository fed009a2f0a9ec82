import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'

/** What a tenant has asked for in some time. Whole numbers, but for `database_ms`. */
export interface UsageSum {
  readonly requests: number
  readonly throttled: number
  /** Answers of 500 and above. */
  readonly errors: number
  readonly database_ms: number
  readonly rows: number
  /** Of the bodies of requests and answers. */
  readonly bytes: number
}

export interface TenantUsage extends UsageSum {
  /** The tenant's id: another tenant may have its slug since it was purged. */
  readonly id: string
  readonly tenant: string
  /** What it has now, by the last measurement; null when it is gone, or not yet measured. */
  readonly stored_rows: number | null
  readonly stored_bytes: number | null
}

export interface DailyUsage extends UsageSum {
  readonly day: string
}

/** Days (UTC), both inclusive: `2026-11-01`. */
export interface Days {
  readonly from: string
  readonly to: string
}

/** As JSON numbers: what a tenant asks for stays below 2⁵³. */
const sums = `sum(u.requests)::float8 AS requests, sum(u.throttled)::float8 AS throttled, sum(u.errors)::float8 AS errors,
  round(sum(u.database_ms)::numeric, 1)::float8 AS database_ms, sum(u.rows)::float8 AS rows, sum(u.bytes)::float8 AS bytes`

/** Every tenant that has asked for something in these days, in the order of their ids, from behind `after`. */
export async function listUsage(
  { pools, catalog }: ControlPlane,
  { from, to }: Days,
  page: { readonly after: string; readonly limit: number },
): Promise<TenantUsage[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<TenantUsage>(
      `SELECT page.tenant_id AS id, summed.*, s.row_count::float8 AS stored_rows, s.storage_bytes::float8 AS stored_bytes
       FROM (
         SELECT DISTINCT tenant_id FROM catalog.usage WHERE tenant_id > $3 AND day BETWEEN $1 AND $2 ORDER BY tenant_id LIMIT $4
       ) AS page
       CROSS JOIN LATERAL (
         SELECT max(u.tenant) AS tenant, ${sums} FROM catalog.usage u
         WHERE u.tenant_id = page.tenant_id AND u.day BETWEEN $1 AND $2
       ) AS summed
       LEFT JOIN catalog.tenant_sizes s ON s.tenant_id = page.tenant_id ORDER BY page.tenant_id`,
      [from, to, page.after, page.limit],
    ),
  )
  return rows
}

/** A tenant's usage by the day; a day without any is left out. Throws `tenant_unknown`. */
export async function listDailyUsage(control: ControlPlane, slug: string, { from, to }: Days): Promise<DailyUsage[]> {
  const { id } = await getTenant(control, slug)
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<DailyUsage>(
      `SELECT u.day::text, ${sums} FROM catalog.usage u WHERE u.tenant_id = $1 AND u.day BETWEEN $2 AND $3
       GROUP BY u.day ORDER BY u.day`,
      [id, from, to],
    ),
  )
  return rows
}

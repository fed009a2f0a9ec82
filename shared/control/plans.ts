import type pg from 'pg'
import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'

/** What the tenants of a plan may ask for. Null: no limit of its own. */
export interface PlanLimits {
  /** Over all function instances. */
  readonly requests_per_second: number | null
  /** How many may come at once. */
  readonly burst: number | null
  /** Milliseconds that one statement may take. */
  readonly statement_ms: number | null
  /** Rows of a page. */
  readonly page_size: number | null
  readonly row_limit: number | null
  readonly storage_bytes: number | null
}

export interface PlanRecord extends PlanLimits {
  readonly name: string
  readonly tenants: number
}

/** What is to be changed of it; what is not given stays. */
export type PlanChange = { readonly [Name in keyof PlanLimits]?: PlanLimits[Name] | undefined }

/** The plan of tenants that are given no other; it stays. */
const standard = 'standard'

const columns = `p.name, p.requests_per_second, p.burst, p.statement_ms, p.page_size,
  p.row_limit::float8 AS row_limit, p.storage_bytes::float8 AS storage_bytes,
  (SELECT count(*)::int FROM catalog.tenants t WHERE t.plan = p.name) AS tenants`

export async function listPlans({ pools, catalog }: ControlPlane): Promise<PlanRecord[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<PlanRecord>(`SELECT ${columns} FROM catalog.plans p ORDER BY p.name`),
  )
  return rows
}

/** Makes a plan. Throws `conflict` when there is one of that name, or `invalid_request` for a burst without a rate. */
export async function addPlan(control: ControlPlane, name: string, limits: PlanChange): Promise<PlanRecord> {
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    const made = await client.query('INSERT INTO catalog.plans (name) VALUES ($1) ON CONFLICT DO NOTHING', [name])
    if (made.rowCount === 0) throw new AppError('conflict', `There is a plan "${name}" already.`)
    return change(client, name, limits)
  })
}

/**
 * Changes what is given of a plan; function instances know within 10 s. A rate without a burst lets two seconds' worth come
 * at once. Throws `plan_unknown`, or `invalid_request` for a burst without a rate.
 */
export async function updatePlan(control: ControlPlane, name: string, limits: PlanChange): Promise<PlanRecord> {
  return withOwnerTransaction(control.pools, control.catalog, (client) => change(client, name, limits))
}

async function change(client: pg.ClientBase, name: string, limits: PlanChange): Promise<PlanRecord> {
  const found = await client.query<PlanRecord>(
    `SELECT ${columns} FROM catalog.plans p WHERE p.name = $1 FOR UPDATE OF p`,
    [name],
  )
  const [plan] = found.rows
  if (plan === undefined) throw planUnknown(name)
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
  const changed = withBurst({ ...plan, ...given }, limits)
  await client.query(
    `UPDATE catalog.plans SET requests_per_second = $2, burst = $3, statement_ms = $4, page_size = $5, row_limit = $6,
       storage_bytes = $7 WHERE name = $1`,
    [
      ...[name, changed.requests_per_second, changed.burst, changed.statement_ms, changed.page_size],
      ...[changed.row_limit, changed.storage_bytes],
    ],
  )
  await liftWhoIsUnder(client, { plan: name })
  const { rows } = await client.query<PlanRecord>(`SELECT ${columns} FROM catalog.plans p WHERE p.name = $1`, [name])
  return onlyRow(rows)
}

/** The burst belongs to the rate: it goes with it, and comes with it. */
function withBurst(plan: PlanRecord, { requests_per_second: asked, burst }: PlanChange): PlanRecord {
  const { requests_per_second: rate } = plan
  if (rate !== null) {
    const kept = asked === undefined ? plan.burst : null
    return { ...plan, burst: burst ?? kept ?? Math.max(1, Math.ceil(2 * rate)) }
  }
  if (burst != null) throw new AppError('invalid_request', 'A burst needs requests_per_second.')
  return { ...plan, burst: null }
}

/** Removes a plan that no tenant has. Throws `plan_unknown`, or `conflict` for one that is had, or that new tenants get. */
export async function removePlan(control: ControlPlane, name: string): Promise<void> {
  if (name === standard) throw new AppError('conflict', `The plan "${standard}" is that of new tenants.`)
  await withOwnerTransaction(control.pools, control.catalog, async (client) => {
    const { rows } = await client.query<PlanRecord>(
      `SELECT ${columns} FROM catalog.plans p WHERE p.name = $1 FOR UPDATE OF p`,
      [name],
    )
    if (rows[0] === undefined) throw planUnknown(name)
    const { tenants } = rows[0]
    if (tenants > 0) throw new AppError('conflict', `The plan "${name}" is that of ${tenants} tenants.`)
    await client.query('DELETE FROM catalog.plans WHERE name = $1', [name])
  })
}

/** Gives a tenant a plan; function instances know within 10 s. Throws `plan_unknown`. */
export async function assignPlan(client: pg.ClientBase, slug: string, plan: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM catalog.plans WHERE name = $1 FOR SHARE', [plan])
  if (rowCount === 0) throw planUnknown(plan)
  await client.query('UPDATE catalog.tenants SET plan = $2 WHERE slug = $1', [slug, plan])
  await liftWhoIsUnder(client, { slug })
}

/** What a tenant has, beside the limits by which it was measured: far below them it is an estimate. */
export interface MeasuredTenant {
  readonly id: string
  readonly rows: number
  readonly bytes: number
  readonly row_limit: number | null
  readonly storage_bytes: number | null
}

/** Says of tenants which limit of their plan they are beyond. One whose limits were changed meanwhile is left to be measured anew. */
export async function markWhoIsOver(client: pg.ClientBase, measured: readonly MeasuredTenant[]): Promise<void> {
  await client.query(
    `UPDATE catalog.tenants t SET over_limit = m.over
     FROM (
       SELECT *, CASE WHEN rows > row_limit THEN 'rows' WHEN bytes > storage_bytes THEN 'storage' END AS over
       FROM jsonb_to_recordset($1) AS r (id bigint, rows bigint, bytes bigint, row_limit bigint, storage_bytes bigint)
     ) AS m, catalog.plans p
     WHERE t.id = m.id AND p.name = t.plan AND t.over_limit IS DISTINCT FROM m.over
       AND (p.row_limit, p.storage_bytes) IS NOT DISTINCT FROM (m.row_limit, m.storage_bytes)`,
    [JSON.stringify(measured)],
  )
}

/**
 * Lets tenants write again, those of a plan or one, that are no longer beyond the limit that they were beyond. Who is beyond
 * another one is found by measuring.
 */
async function liftWhoIsUnder(
  client: pg.ClientBase,
  who: { readonly plan?: string; readonly slug?: string },
): Promise<void> {
  await client.query(
    `UPDATE catalog.tenants t SET over_limit = NULL
     FROM catalog.plans p, catalog.tenant_sizes s
     WHERE p.name = t.plan AND s.tenant_id = t.id AND ($1::text IS NULL OR t.plan = $1) AND ($2::text IS NULL OR t.slug = $2)
       AND NOT coalesce(CASE t.over_limit WHEN 'rows' THEN s.row_count > p.row_limit
         WHEN 'storage' THEN s.storage_bytes > p.storage_bytes ELSE true END, false)`,
    [who.plan ?? null, who.slug ?? null],
  )
}

function planUnknown(name: string): AppError {
  return new AppError('plan_unknown', `There is no plan "${name}".`)
}

import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { assignPlan } from './plans.ts'
import { recordColumns, type TenantRecord, type TenantRecordRow, toTenantRecord } from './tenant-status.ts'

/** Tenants in the order of their ids, from behind `after`, of one status or placement if given. */
export async function listTenants(
  { pools, catalog }: ControlPlane,
  page: { readonly after: string; readonly limit: number; readonly status?: string; readonly placement?: string },
): Promise<TenantRecord[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<TenantRecordRow>(
      `SELECT ${recordColumns} FROM catalog.tenants t
       WHERE t.id > $1 AND ($2::text IS NULL OR t.status = $2) AND ($3::text IS NULL OR t.placement = $3)
       ORDER BY t.id LIMIT $4`,
      [page.after, page.status ?? null, page.placement ?? null, page.limit],
    ),
  )
  return rows.map(toTenantRecord)
}

/** One tenant, or undefined for none. */
export async function findTenant({ pools, catalog }: ControlPlane, slug: string): Promise<TenantRecord | undefined> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<TenantRecordRow>(`SELECT ${recordColumns} FROM catalog.tenants t WHERE t.slug = $1`, [slug]),
  )
  return rows[0] && toTenantRecord(rows[0])
}

/** One tenant. Throws `tenant_unknown`. */
export async function getTenant(control: ControlPlane, slug: string): Promise<TenantRecord> {
  const tenant = await findTenant(control, slug)
  if (tenant === undefined) throw new AppError('tenant_unknown', `There is no tenant "${slug}".`)
  return tenant
}

/**
 * Changes what people call a tenant, whose pages may call it, or its plan; what is not given stays. Throws `tenant_unknown`, or
 * `plan_unknown`.
 */
export async function changeTenant(
  control: ControlPlane,
  slug: string,
  change: {
    readonly name?: string | undefined
    readonly corsOrigins?: readonly string[] | undefined
    readonly plan?: string | undefined
  },
): Promise<TenantRecord> {
  await withOwnerTransaction(control.pools, control.catalog, async (client) => {
    // The plan is locked before the tenant, as where a plan is changed.
    if (change.plan !== undefined) await assignPlan(client, slug, change.plan)
    await client.query(
      'UPDATE catalog.tenants SET name = coalesce($2, name), cors_origins = coalesce($3, cors_origins) WHERE slug = $1',
      [slug, change.name ?? null, change.corsOrigins ?? null],
    )
  })
  return getTenant(control, slug)
}

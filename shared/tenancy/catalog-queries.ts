import { type CatalogReader, readCatalog } from '../db/catalog.ts'
import type { Pools } from '../db/pools.ts'
import { createTenantRef, type TenantRef } from '../db/tenant-ref.ts'
import type { Tenant, TenantLimits, TenantName, TenantStatus } from './tenant.ts'

export interface TenantRow {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly status: TenantStatus
  readonly version: number
  readonly placement: string
  readonly schema_name: string
  readonly cors_origins: readonly string[]
  readonly limits: TenantLimits
}

/** Of `catalog.tenants t`; its plan is looked up beside it, so that no query need join it. */
export const tenantColumns = `t.id, t.slug, t.name, t.status, t.version, t.placement, t.schema_name, t.cors_origins,
  (SELECT json_build_object('plan', p.name, 'perSecond', p.requests_per_second, 'burst', p.burst,
     'statementTimeout', p.statement_ms, 'pageSize', p.page_size, 'over', t.over_limit)
   FROM catalog.plans p WHERE p.name = t.plan) AS limits`

const bySlug = `SELECT ${tenantColumns} FROM catalog.tenants t WHERE t.slug = $1`
const byDomain = `SELECT ${tenantColumns}
  FROM catalog.domains d JOIN catalog.tenants t ON t.id = d.tenant_id WHERE d.domain = $1`

/** The tenant that a slug or registered domain names. Throws `unavailable` when the catalog is out of reach. */
export async function findTenant(catalog: CatalogReader, name: TenantName): Promise<Tenant | undefined> {
  const statement =
    name.kind === 'slug' ? { text: bySlug, values: [name.slug] } : { text: byDomain, values: [name.domain] }
  const [row] = await catalog.read<TenantRow>(statement)
  return row && toTenant(row)
}

/** A place that the catalog has named: of a tenant that is on the move, the old or the new one. */
export function refOf(placement: string, schema: string): TenantRef {
  return createTenantRef(placement, schema)
}

/** The version that a tenant's schema is on, from its placement. */
export async function findTrueVersion(pools: Pools, { placement, schema }: TenantRef): Promise<number | undefined> {
  const [row] = await readCatalog<{ version: number }>(pools, placement, {
    text: 'SELECT version FROM atrium.tenant_versions WHERE schema_name = $1',
    values: [schema],
  })
  return row?.version
}

export function toTenant(row: TenantRow): Tenant {
  const { placement, schema_name, cors_origins, ...tenant } = row
  return { ...tenant, corsOrigins: cors_origins, ref: createTenantRef(placement, schema_name) }
}

import { type Migration, readMigrations } from '../db/migrations.ts'
import { runAsOwner, withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import { buildTenantSchema } from './build-tenant-schema.ts'
import { type TenantRow, tenantColumns, toTenant } from './catalog-queries.ts'
import { findAllowedMigrations } from './contract-gate.ts'
import type { ControlPlane } from './control-plane.ts'
import { canonicalDomain } from './host-name.ts'
import { registerTenant } from './register-tenant.ts'
import { checkSlug } from './slug.ts'
import type { Tenant } from './tenant.ts'

export interface ProvisionRequest {
  readonly slug: string
  /** What people call the tenant: 1 to 200 characters. */
  readonly name: string
  readonly domains: readonly string[]
  /** Where the schema is made; in the emptiest placement with room unless said otherwise. */
  readonly placement?: string | undefined
  /** `standard` unless said otherwise. */
  readonly plan?: string | undefined
}

export interface ProvisionResult {
  readonly tenant: Tenant
  /** False when the tenant was there before, or another call finished it. */
  readonly created: boolean
}

/**
 * Onboards a tenant: registers it, makes its schema, activates it. Each step can be repeated, so a call that died half
 * way is finished by making it again, and a finished one changes nothing. Throws `invalid_slug`, `invalid_tenant_name`,
 * `invalid_domain`, `slug_taken`, `domain_taken`, `plan_unknown`, `placement_unknown`, `placements_full`, or `unavailable`.
 */
export async function provisionTenant(control: ControlPlane, request: ProvisionRequest): Promise<ProvisionResult> {
  const registered = await registerTenant(control, {
    slug: checkSlug(request.slug),
    name: checkName(request.name),
    domains: [...new Set(request.domains.map(checkDomain))],
    placement: request.placement,
    plan: request.plan,
  })
  if (registered.status !== 'provisioning') return { tenant: registered, created: false }
  return finishProvisioning(control, registered)
}

/** Makes the schema of a tenant that is registered, unless it is there, and activates it. */
export async function finishProvisioning(control: ControlPlane, tenant: Tenant): Promise<ProvisionResult> {
  const migrations = await readAllowedMigrations(control)
  const version = await buildTenantSchema(control.pools, tenant.ref, migrations)
  return activate(control, tenant, version)
}

/** What a new tenant's schema is made of: all migrations, but for a contract that code which serves does not allow yet. */
export async function readAllowedMigrations({ pools, catalog }: ControlPlane): Promise<readonly Migration[]> {
  const migrations = await readMigrations('tenant')
  if (migrations.every(({ contractFrom }) => contractFrom === undefined)) return migrations
  return withOwnerTransaction(pools, catalog, (client) => findAllowedMigrations(client, migrations))
}

async function activate({ pools, catalog }: ControlPlane, tenant: Tenant, version: number): Promise<ProvisionResult> {
  const [activated] = await runAsOwner<TenantRow>(pools, catalog, {
    text: `UPDATE catalog.tenants t SET status = 'active', version = $2
       WHERE t.id = $1 AND t.status = 'provisioning' RETURNING ${tenantColumns}`,
    values: [tenant.id, version],
  })
  if (activated !== undefined) return { tenant: toTenant(activated), created: true }
  const [existing] = await runAsOwner<TenantRow>(pools, catalog, {
    text: `SELECT ${tenantColumns} FROM catalog.tenants t WHERE t.id = $1`,
    values: [tenant.id],
  })
  if (existing === undefined) throw new AppError('not_found', 'The tenant was removed meanwhile.')
  return { tenant: toTenant(existing), created: false }
}

function checkName(name: string): string {
  const trimmed = name.trim()
  if (trimmed.length >= 1 && [...trimmed].length <= 200 && trimmed.isWellFormed() && !/\p{Cc}/u.test(trimmed)) {
    return trimmed
  }
  throw new AppError(
    'invalid_tenant_name',
    "A tenant's name has 1 to 200 characters, none of them a control character.",
  )
}

function checkDomain(domain: string): string {
  const canonical = canonicalDomain(domain)
  if (canonical !== undefined) return canonical
  throw new AppError('invalid_domain', `${JSON.stringify(domain)} is not a domain name such as shop.example.com.`)
}

import { applicationPools } from '../db/application-pools.ts'
import type { Access } from '../db/pools.ts'
import { sqlStateOf, staleTenantStates } from '../db/sql-states.ts'
import { openTenantDatabase } from '../db/tenant-database.ts'
import { readEnvironment } from '../environment.ts'
import { AppError } from '../errors.ts'
import { findTenant } from '../tenancy/catalog-queries.ts'
import { createCodeReport } from '../tenancy/report-code.ts'
import { requireServable, resolveTenant } from '../tenancy/resolve-tenant.ts'
import type { Tenant } from '../tenancy/tenant.ts'
import { createTenantDirectory, type TenantDirectory } from '../tenancy/tenant-directory.ts'
import type { NamedTenants } from '../tenancy/tenant-names.ts'
import type { Answer } from './answer.ts'
import type { TenantContext } from './endpoint.ts'

let directory: TenantDirectory | undefined
const codeReport = createCodeReport()

/** This function instance's tenants, from the catalog. */
export function applicationDirectory(): TenantDirectory {
  directory ??= createTenantDirectory((name) =>
    findTenant(applicationPools(), readEnvironment().ATRIUM_CATALOG, name, codeReport()),
  )
  return directory
}

export function accessOf(method: string): Access {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

/**
 * Does an endpoint's work in its tenant's schema. When the database refuses the tenant as it was cached (suspended,
 * moved or purged since), nothing was done: the tenant is resolved once more, and its status answers, or the work is
 * done where the tenant is now.
 */
export async function serveTenant(
  tenant: { readonly named: NamedTenants; readonly resolved: Tenant },
  access: Access,
  work: (context: TenantContext) => Promise<Answer>,
): Promise<Answer> {
  const workFor = (resolved: Tenant) =>
    work({ tenant: resolved, db: openTenantDatabase(applicationPools(), resolved.ref) })
  try {
    return await workFor(tenant.resolved)
  } catch (error) {
    if (!staleTenantStates.has(sqlStateOf(error) ?? '')) throw error
    applicationDirectory().forget(tenant.resolved)
    const current = await resolveTenant(applicationDirectory(), tenant.named)
    requireServable(current, access)
    // Between the closing of its old place and the switch to its new one.
    if (current.status === 'moving') throw new AppError('tenant_moving', 'The tenant is moving to another placement.')
    // The same place refused for another reason: a fault of ours, and no second try would mend it.
    if (current.ref.schema === tenant.resolved.ref.schema && current.ref.placement === tenant.resolved.ref.placement) {
      throw error
    }
    return workFor(current)
  }
}

import { applicationPools } from '../db/application-pools.ts'
import { AppError } from '../errors.ts'
import { findTrueVersion } from '../tenancy/catalog-queries.ts'
import type { Tenant } from '../tenancy/tenant.ts'
import { applicationDirectory } from './application-catalog.ts'

/**
 * The version gate: throws `tenant_behind` for a tenant whose schema is older than the code needs, rather than let a
 * statement fail on what is not there yet. The catalog's copy may lag behind, so the truth is asked before a refusal.
 */
export async function requireVersion(tenant: Tenant, needed: number): Promise<void> {
  if (tenant.version >= needed) return
  const version = await findTrueVersion(applicationPools(), tenant.ref)
  if (version === undefined || version < needed) {
    throw new AppError('tenant_behind', 'The tenant is being brought up to date; try again in a moment.')
  }
  applicationDirectory().replace({ ...tenant, version })
}

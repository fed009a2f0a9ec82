import { applicationPools } from '../db/application-pools.ts'
import type { Access } from '../db/pools.ts'
import { sqlStateOf, staleTenantStates } from '../db/sql-states.ts'
import { openTenantDatabase, type Terms } from '../db/tenant-database.ts'
import { AppError } from '../errors.ts'
import type { Credential } from '../tenancy/credential.ts'
import { requireServable, resolveTenant } from '../tenancy/resolve-tenant.ts'
import type { Tenant } from '../tenancy/tenant.ts'
import type { Answer } from './answer.ts'
import { applicationDirectory } from './application-catalog.ts'
import type { TenantContext } from './endpoint.ts'
import { keyUses, rateLeases, usageCounts } from './instance-state.ts'
import type { Admitted } from './request-state.ts'

export function accessOf(method: string): Access {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

/**
 * What a credential allows for a tenant. Throws `other_tenant` when it is another's, or the tenant unknown: both look the
 * same, so that nobody learns by a key of his own which tenants there are.
 */
export function requireGrant(
  credential: Credential,
  tenant: Tenant | undefined,
): { readonly tenant: Tenant; readonly scopes: ReadonlySet<string> } {
  const grant = credential.grants.find(({ tenantId }) => tenantId === tenant?.id)
  if (tenant === undefined || grant === undefined) {
    throw new AppError('other_tenant', 'The credential is not one of this tenant.')
  }
  return { tenant, scopes: grant.scopes }
}

/**
 * Does an endpoint's work in its tenant's schema. When the database refuses the tenant as it was cached (suspended,
 * moved or purged since), nothing was done: the tenant is resolved once more, and its status answers, or the work is
 * done where the tenant is now. A new tenant of an old name is not the credential's.
 */
export async function serveTenant(
  admitted: Admitted,
  access: Access,
  terms: Omit<Terms, 'notes' | 'statementTimeout'>,
  work: (context: TenantContext) => Promise<Answer>,
): Promise<Answer> {
  const workFor = (tenant: Tenant) => {
    const { statementTimeout } = tenant.limits
    const notes = [
      keyUses.notesFor(admitted.credential),
      rateLeases.notesFor(tenant),
      usageCounts.notesFor(tenant.ref.placement),
    ]
    const db = openTenantDatabase(applicationPools(), tenant.ref, {
      ...terms,
      ...(statementTimeout === null ? {} : { statementTimeout }),
      notes: () => notes.flatMap((due) => due()),
    })
    return work({ tenant, db })
  }
  try {
    return await workFor(admitted.tenant)
  } catch (error) {
    if (!staleTenantStates.has(sqlStateOf(error) ?? '')) throw error
    applicationDirectory().forget(admitted.tenant)
    const { tenant } = requireGrant(admitted.credential, await resolveTenant(applicationDirectory(), admitted.named))
    requireServable(tenant, access)
    // Between the closing of its old place and the switch to its new one.
    if (tenant.status === 'moving') throw new AppError('tenant_moving', 'The tenant is moving to another placement.')
    // The same place refused for another reason: a fault of ours, and no second try would mend it.
    if (tenant.ref.schema === admitted.tenant.ref.schema && tenant.ref.placement === admitted.tenant.ref.placement) {
      throw error
    }
    return workFor(tenant)
  }
}

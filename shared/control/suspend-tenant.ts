import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'
import { matchAccess, openSchema } from './schema-access.ts'
import { changeStatus, type TenantRecord } from './tenant-status.ts'

/**
 * Suspends a tenant: the catalog says `suspending`, the database refuses the tenant's role and older transactions end,
 * the catalog says `suspended`. Run again after a death half way, it converges. Throws `tenant_unknown` or
 * `wrong_status`.
 */
export async function suspendTenant(control: ControlPlane, slug: string): Promise<TenantRecord> {
  const { status } = await changeStatus(control, slug, {
    ...{ from: ['active', 'suspending', 'suspended'], to: 'suspending', unless: 'suspended', verb: 'suspended' },
  })
  if (status === 'suspended') return matchAccess(control, slug)
  const closed = await matchAccess(control, slug)
  // Somebody may have deleted or resumed it meanwhile, or does so now: theirs is the last word.
  if (closed.status !== 'suspending') return closed
  return changeStatus(control, slug, {
    ...{ from: ['suspending', 'suspended'], to: 'suspended', verb: 'suspended' },
  }).catch((error) => {
    if (!(error instanceof AppError && error.code === 'wrong_status')) throw error
    return getTenant(control, slug)
  })
}

/** Undoes {@link suspendTenant}, finished or not. Throws `tenant_unknown` or `wrong_status`. */
export async function resumeTenant(control: ControlPlane, slug: string): Promise<TenantRecord> {
  const current = await changeStatus(control, slug, { from: ['active', 'suspending', 'suspended'], verb: 'resumed' })
  // The database first, so that nobody who reads `active` is refused.
  await openSchema(control.pools, current.ref)
  try {
    await changeStatus(control, slug, { from: ['active', 'suspending', 'suspended'], to: 'active', verb: 'resumed' })
  } finally {
    // Also when somebody deleted it in between: the schema must not stay open.
    await matchAccess(control, slug)
  }
  return getTenant(control, slug)
}

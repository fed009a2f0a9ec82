import { AppError } from '../errors.ts'
import type { Tenant } from './tenant.ts'
import type { TenantDirectory } from './tenant-directory.ts'
import type { NamedTenants } from './tenant-names.ts'

/**
 * The one tenant that all of a request's names mean; undefined when they mean none. Throws `tenant_names_disagree` when
 * they mean different ones, or only some are known.
 */
export async function resolveTenant(
  directory: TenantDirectory,
  { byHost, byHeader }: NamedTenants,
): Promise<Tenant | undefined> {
  requireOneSlug({ byHost, byHeader })
  const names = byHost === undefined ? byHeader : [byHost, ...byHeader]
  const found = await Promise.all(names.map((name) => directory.find(name)))
  const [tenant] = found
  if (found.some((other) => other?.id !== tenant?.id)) throw namesDisagree()
  return tenant
}

/** Throws `tenant_names_disagree` for two slugs: that they are two tenants shows without asking which of them there are. */
export function requireOneSlug({ byHost, byHeader }: NamedTenants): void {
  const names = byHost === undefined ? byHeader : [byHost, ...byHeader]
  if (names.length < 2) return
  if (new Set(names.flatMap((name) => (name.kind === 'slug' ? [name.slug] : []))).size > 1) throw namesDisagree()
}

function namesDisagree(): AppError {
  return new AppError('tenant_names_disagree', 'The host and the tenant headers name different tenants.')
}

/**
 * Throws when the tenant's status forbids serving it now: `tenant_suspended`, `tenant_not_ready`, or `tenant_moving`
 * for writes, since reads are served until a move switches.
 */
export function requireServable(tenant: Tenant, access: 'read' | 'write'): void {
  switch (tenant.status) {
    case 'active':
      return
    case 'provisioning':
      throw new AppError('tenant_not_ready', 'The tenant is still being set up.')
    case 'moving':
      if (access === 'read') return
      throw new AppError('tenant_moving', 'The tenant is moving to another placement; only reads are served.')
    case 'suspending':
    case 'suspended':
    case 'deleting':
      throw new AppError('tenant_suspended', 'The tenant is suspended.')
  }
}

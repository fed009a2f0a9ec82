import { scopes } from '../../functions/routes.ts'
import { createKey } from '../../shared/control/api-keys.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import type { KeyRing } from '../data-folder.ts'

/** A demo tenant's key: the one that is kept, or a new one for a tenant that was just made. */
export async function demoKey(
  control: ControlPlane,
  keys: KeyRing,
  tenant: { readonly slug: string; readonly created: boolean },
): Promise<string> {
  const kept = tenant.created ? undefined : keys.get(tenant.slug)
  if (kept !== undefined) return kept
  const { key } = await createKey(control, tenant.slug, { name: 'demo', scopes, expiresAt: null })
  keys.set(tenant.slug, key)
  return key
}

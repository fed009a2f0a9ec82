import type { TenantRef } from '../db/tenant-ref.ts'

export type TenantStatus = 'provisioning' | 'active' | 'suspending' | 'suspended' | 'moving' | 'deleting'

/** A tenant as the catalog knows it. */
export interface Tenant {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly status: TenantStatus
  /** The tenant migration its schema is on, as last copied to the catalog. */
  readonly version: number
  readonly ref: TenantRef
  /** The origins whose pages may call it on its own domains. */
  readonly corsOrigins: readonly string[]
}

/** What a request may name a tenant by. */
export type TenantName =
  | { readonly kind: 'slug'; readonly slug: string }
  | { readonly kind: 'domain'; readonly domain: string }

export function tenantNameKey(name: TenantName): string {
  return name.kind === 'slug' ? `slug:${name.slug}` : `domain:${name.domain}`
}

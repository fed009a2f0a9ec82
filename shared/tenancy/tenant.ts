import type { TenantRef } from '../db/tenant-ref.ts'

export type TenantStatus = 'provisioning' | 'active' | 'suspending' | 'suspended' | 'moving' | 'deleting'

/** What a tenant's plan allows it, for the path of a request. Null: no limit of its own. */
export interface TenantLimits {
  /** The plan's name. */
  readonly plan: string
  /** Requests a second, over all function instances, and how many may come at once; both or neither. */
  readonly perSecond: number | null
  readonly burst: number | null
  /** Milliseconds that one statement may take at the server. */
  readonly statementTimeout: number | null
  /** Rows that a page of a list may have. */
  readonly pageSize: number | null
  /** What it had more of than its plan allows when it was last measured: nothing may be added then. */
  readonly over: 'rows' | 'storage' | null
}

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
  readonly limits: TenantLimits
}

/** What a request may name a tenant by. */
export type TenantName =
  | { readonly kind: 'slug'; readonly slug: string }
  | { readonly kind: 'domain'; readonly domain: string }

export function tenantNameKey(name: TenantName): string {
  return name.kind === 'slug' ? `slug:${name.slug}` : `domain:${name.domain}`
}

declare const resolved: unique symbol

/**
 * Where a tenant's data is: the one way to it. Only `shared/tenancy` can make one, from a row of the catalog (the
 * linter keeps others from importing this file's function), so a name from a request never becomes a schema.
 */
export interface TenantRef {
  readonly placement: string
  /** The name of the tenant's schema and of its role. */
  readonly schema: string
  readonly [resolved]: true
}

/** For `shared/tenancy` alone. */
export function createTenantRef(placement: string, schema: string): TenantRef {
  return { placement, schema } as TenantRef
}

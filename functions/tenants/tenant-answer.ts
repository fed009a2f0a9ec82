import type { TenantRecord } from '../../shared/control/tenant-status.ts'

/** A tenant as the control plane's API shows it. */
export function toTenantAnswer({ ref, corsOrigins, limits, ...tenant }: TenantRecord) {
  const { plan, over } = limits
  return { ...tenant, placement: ref.placement, schema: ref.schema, plan, over_limit: over, cors_origins: corsOrigins }
}

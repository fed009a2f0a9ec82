import type { TenantRecord } from '../../shared/control/tenant-status.ts'

/** A tenant as the control plane's API shows it. */
export function toTenantAnswer({ ref, corsOrigins, ...tenant }: TenantRecord) {
  return { ...tenant, placement: ref.placement, schema: ref.schema, cors_origins: corsOrigins }
}

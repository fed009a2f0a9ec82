import { readEnvironment } from '../../environment.ts'
import { requireServable, resolveTenant } from '../../tenancy/resolve-tenant.ts'
import { readTenantNames } from '../../tenancy/tenant-names.ts'
import type { Step } from '../request-state.ts'
import { requireVersion } from '../require-version.ts'
import { accessOf, applicationDirectory } from '../serve-tenant.ts'

/** Finds the tenant that the request is for, unless its endpoint is public. */
export function resolveRequestTenant(needsVersion: number): Step {
  return {
    async before({ event, context: { state } }) {
      if (state.endpoint?.kind !== 'tenant') return
      const { domainName, http } = event.requestContext
      const named = readTenantNames({ host: domainName, headers: event.headers }, readEnvironment().SHARED_DOMAINS)
      const resolved = await resolveTenant(applicationDirectory(), named)
      state.tenant = { named, resolved }
      requireServable(resolved, accessOf(http.method))
      await requireVersion(resolved, needsVersion)
    },
  }
}

import { readEnvironment } from '../../environment.ts'
import { AppError } from '../../errors.ts'
import { requireServable, resolveTenant } from '../../tenancy/resolve-tenant.ts'
import { readTenantNames } from '../../tenancy/tenant-names.ts'
import { applicationCredentials, applicationDirectory } from '../application-catalog.ts'
import { readCredential, unauthenticated } from '../read-credential.ts'
import type { Step } from '../request-state.ts'
import { requireVersion } from '../require-version.ts'
import { accessOf, requireGrant } from '../serve-tenant.ts'

/**
 * Finds the tenant that the request is for and the caller's credential, unless the endpoint is public, and refuses in
 * DESIGN's order: contradictory names, no good credential, one of another tenant, the tenant's status, its version, a
 * missing scope. Both look-ups share a flight.
 */
export function admitCaller(needsVersion: number): Step {
  return {
    async before({ event, context: { state } }) {
      const { endpoint, access = '' } = state
      if (endpoint?.kind !== 'tenant') return
      const { domainName, http } = event.requestContext
      const named = readTenantNames({ host: domainName, headers: event.headers }, readEnvironment().SHARED_DOMAINS)
      const sent = readCredential(event.headers.authorization)
      if (sent instanceof AppError) {
        // Only names that could contradict each other are looked up: whether the tenant exists shows in nothing.
        if ((named.byHost ? 1 : 0) + named.byHeader.length > 1) await resolveTenant(applicationDirectory(), named)
        throw sent
      }
      const [tenant, credential] = await Promise.all([
        resolveTenant(applicationDirectory(), named),
        applicationCredentials().find(sent),
      ])
      if (credential === undefined) throw unauthenticated()
      const grant = requireGrant(credential, tenant)
      requireServable(grant.tenant, accessOf(http.method))
      await requireVersion(grant.tenant, needsVersion)
      if (!grant.scopes.has(access)) {
        throw new AppError('scope_missing', `The credential lacks the scope "${access}".`)
      }
      state.admitted = { named, tenant: grant.tenant, credential }
    },
  }
}

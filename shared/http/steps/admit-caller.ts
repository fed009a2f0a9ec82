import { within } from '../../deadline.ts'
import { readEnvironment } from '../../environment.ts'
import { AppError } from '../../errors.ts'
import { requireOneSlug, requireServable, resolveTenant } from '../../tenancy/resolve-tenant.ts'
import { readTenantNames } from '../../tenancy/tenant-names.ts'
import { applicationCredentials, applicationDirectory } from '../application-catalog.ts'
import { readCredential, unauthenticated } from '../read-credential.ts'
import type { Step } from '../request-state.ts'
import { requireVersion } from '../require-version.ts'
import { accessOf, requireGrant } from '../serve-tenant.ts'

/**
 * Finds the tenant that the request is for and the caller's credential, unless the endpoint is public, and refuses in
 * this order: contradictory names (those that only the catalog knows to be so, behind a good credential), no good
 * credential, one of another tenant, the tenant's status, its version, a
 * missing scope. Both look-ups share a flight.
 */
export function admitCaller(needsVersion: number): Step {
  return {
    async before({ event, context: { state } }) {
      const { endpoint, access = '' } = state
      if (endpoint?.kind !== 'tenant') return
      const { http } = event.requestContext
      const { SHARED_DOMAINS, BASE_DOMAIN } = readEnvironment()
      const named = readTenantNames(
        { host: state.host, headers: event.headers },
        { shared: SHARED_DOMAINS, base: BASE_DOMAIN },
      )
      const sent = readCredential(event.headers.authorization)
      requireOneSlug(named)
      if (sent instanceof AppError) throw sent
      // The tenant is looked up beside the credential or not at all, so that time tells of it as little as words.
      if (applicationCredentials().isRefused(sent)) throw unauthenticated()
      // Held until the credential is known to be good: a stranger learns of no name whether it is a tenant's.
      const lookedUp = Promise.all([
        resolveTenant(applicationDirectory(), named).then(
          (tenant) => ({ tenant }),
          (error: unknown) => ({ error }),
        ),
        applicationCredentials().find(sent),
      ])
      const begun = performance.now()
      const [resolved, credential] = await within(state.deadline, lookedUp).finally(() => {
        state.databaseMs += performance.now() - begun
      })
      if (credential === undefined) throw unauthenticated()
      if ('error' in resolved) throw resolved.error
      const { tenant } = resolved
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

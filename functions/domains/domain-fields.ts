import * as z from 'zod'
import { readEnvironment } from '../../shared/environment.ts'
import { checkDomain } from '../../shared/tenancy/domain-name.ts'
import { canonicalDomain } from '../../shared/tenancy/host-name.ts'
import { tenantPath } from '../tenants/tenant-fields.ts'

/** A claimed name in a path, in whatever way it is written. */
export const domainPath = tenantPath.extend({
  domain: z.string().transform((text, issues) => {
    const domain = canonicalDomain(text)
    if (domain !== undefined) return domain
    issues.addIssue({ code: 'custom', message: 'must be a domain' })
    return z.NEVER
  }),
})

/** See `checkDomain`; what is ours the environment says. */
export function checkClaimedDomain(domain: string): string {
  const { BASE_DOMAIN, SHARED_DOMAINS } = readEnvironment()
  return checkDomain(domain, { base: BASE_DOMAIN, shared: SHARED_DOMAINS })
}

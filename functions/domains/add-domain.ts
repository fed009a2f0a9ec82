import * as z from 'zod'
import { toClaimAnswer } from '../../shared/control/domains/claim.ts'
import { addClaim } from '../../shared/control/domains/claims.ts'
import { wakeWorker } from '../../shared/control/wake-worker.ts'
import { readEnvironment } from '../../shared/environment.ts'
import { created, ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'
import { checkClaimedDomain } from './domain-fields.ts'

export const addDomainRequest = z.strictObject({
  path: tenantPath,
  query: nothing,
  body: z.strictObject({ domain: z.string().max(300) }),
})

/** Claims a name for a tenant. The answer says which record proves it; it is routed when it is proven and served. */
export const addDomain = operatorEndpoint({
  request: addDomainRequest,
  async handle({ control }, { path: { slug }, body }) {
    const way = readEnvironment().DOMAINS_WAY
    const { claim, created: made } = await addClaim(control, slug, { domain: checkClaimedDomain(body.domain), way })
    await wakeWorker()
    const answer = toClaimAnswer(claim)
    return made ? created(`/tenants/${slug}/domains/${claim.domain}`, answer) : ok(answer)
  },
})

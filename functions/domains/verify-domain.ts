import * as z from 'zod'
import { toClaimAnswer } from '../../shared/control/domains/claim.ts'
import { hastenClaim } from '../../shared/control/domains/claims.ts'
import { wakeWorker } from '../../shared/control/wake-worker.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { domainPath } from './domain-fields.ts'

export const verifyDomainRequest = z.strictObject({ path: domainPath, query: nothing })

/** Has a name looked at now; one that failed begins anew. */
export const verifyDomain = operatorEndpoint({
  request: verifyDomainRequest,
  async handle({ control }, { path: { slug, domain } }) {
    const claim = await hastenClaim(control, slug, domain)
    await wakeWorker()
    return ok(toClaimAnswer(claim))
  },
})

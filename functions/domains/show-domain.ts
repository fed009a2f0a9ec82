import * as z from 'zod'
import { toClaimAnswer } from '../../shared/control/domains/claim.ts'
import { getClaim } from '../../shared/control/domains/claims.ts'
import { lookUpWanted } from '../../shared/control/domains/look-up-wanted.ts'
import { invokeCourierForDomain } from '../../shared/control/invoke-function.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { domainPath } from './domain-fields.ts'

export const showDomainRequest = z.strictObject({ path: domainPath, query: nothing })

/** A claim, with the very records to set, and what is seen there now. */
export const showDomain = operatorEndpoint({
  request: showDomainRequest,
  async handle({ control }, { path: { slug, domain } }) {
    const claim = await getClaim(control, slug, domain)
    return ok({ ...toClaimAnswer(claim), records: await lookUpWanted(claim, invokeCourierForDomain) })
  },
})

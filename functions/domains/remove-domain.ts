import * as z from 'zod'
import { removeClaim } from '../../shared/control/domains/claims.ts'
import { wakeWorker } from '../../shared/control/wake-worker.ts'
import { noContent } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { domainPath } from './domain-fields.ts'

export const removeDomainRequest = z.strictObject({ path: domainPath, query: nothing })

/** Routes a name no longer; what serves it is taken down behind the answer. Claimed again it needs new proof. */
export const removeDomain = operatorEndpoint({
  request: removeDomainRequest,
  async handle({ control }, { path: { slug, domain } }) {
    await removeClaim(control, slug, domain)
    await wakeWorker()
    return noContent()
  },
})

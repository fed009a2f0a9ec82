import * as z from 'zod'
import { addClaim } from '../../shared/control/domains/claims.ts'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { wakeWorker } from '../../shared/control/wake-worker.ts'
import { readEnvironment } from '../../shared/environment.ts'
import { created, ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { provisionTenant } from '../../shared/tenancy/provision-tenant.ts'
import { checkClaimedDomain } from '../domains/domain-fields.ts'
import { planName } from '../plans/plan-fields.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing } from './tenant-fields.ts'

export const createTenantRequest = z.strictObject({
  path: nothing,
  query: nothing,
  body: z.strictObject({
    slug: z.string(),
    name: z.string(),
    domains: z.array(z.string()).max(100).default([]),
    placement: z.string().optional(),
    plan: planName.optional(),
  }),
})

/** 201 for a tenant that this call made, 200 for one that was there with the same name. Its domains are claimed. */
export const createTenant = operatorEndpoint({
  request: createTenantRequest,
  async handle({ control }, { body }) {
    const domains = body.domains.map(checkClaimedDomain)
    const { tenant, created: made } = await provisionTenant(control, { ...body, domains: [] })
    for (const domain of domains) await addClaim(control, tenant.slug, { domain, way: readEnvironment().DOMAINS_WAY })
    if (domains.length > 0) await wakeWorker()
    const answer = toTenantAnswer(await getTenant(control, tenant.slug))
    return made ? created(`/tenants/${tenant.slug}`, answer) : ok(answer)
  },
})

import * as z from 'zod'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { created, ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { provisionTenant } from '../../shared/tenancy/provision-tenant.ts'
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
  }),
})

/** 201 for a tenant that this call made, 200 for one that was there with the same name and domains. */
export const createTenant = operatorEndpoint({
  request: createTenantRequest,
  async handle({ control }, { body }) {
    const { tenant, created: made } = await provisionTenant(control, body)
    const answer = toTenantAnswer(await getTenant(control, tenant.slug))
    return made ? created(`/tenants/${tenant.slug}`, answer) : ok(answer)
  },
})

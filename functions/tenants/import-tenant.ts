import * as z from 'zod'
import { importOperation } from '../../shared/control/import-operation.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { text } from '../../shared/http/fields.ts'
import { checkSlug } from '../../shared/tenancy/slug.ts'
import { checkClaimedDomain } from '../domains/domain-fields.ts'
import { planName } from '../plans/plan-fields.ts'
import { nothing } from './tenant-fields.ts'

export const importTenantRequest = z.strictObject({
  path: nothing,
  query: nothing,
  body: z.strictObject({
    key: z.string().regex(/^imports\/[0-9a-f-]{36}\.tar\.gz$/, 'must be the key of an upload'),
    slug: z.string(),
    name: text(200),
    domains: z.array(z.string()).max(100).default([]),
    placement: z.string().nullable().default(null),
    plan: planName.nullable().default(null),
  }),
})

/** 202 with the operation that makes a new tenant of an uploaded file; it claims its domains. */
export const importTenant = operatorEndpoint({
  request: importTenantRequest,
  async handle({ control, operator }, { body }) {
    const slug = checkSlug(body.slug)
    const domains = body.domains.map(checkClaimedDomain)
    const operation = await startOperation(control, importOperation, {
      input: { ...body, domains },
      tenant: slug,
      operator,
    })
    return accepted(`/operations/${operation.id}`, operation)
  },
})

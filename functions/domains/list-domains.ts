import * as z from 'zod'
import { toClaimAnswer } from '../../shared/control/domains/claim.ts'
import { listClaims } from '../../shared/control/domains/claims.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'

export const listDomainsRequest = z.strictObject({ path: tenantPath, query: nothing })
export const listAllDomainsRequest = z.strictObject({ path: nothing, query: nothing })

export const listDomains = operatorEndpoint({
  request: listDomainsRequest,
  handle: async ({ control }, { path }) => ok({ items: (await listClaims(control, path.slug)).map(toClaimAnswer) }),
})

export const listAllDomains = operatorEndpoint({
  request: listAllDomainsRequest,
  handle: async ({ control }) => ok({ items: (await listClaims(control, null)).map(toClaimAnswer) }),
})

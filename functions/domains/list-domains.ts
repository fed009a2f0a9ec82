import * as z from 'zod'
import { toClaimAnswer } from '../../shared/control/domains/claim.ts'
import { listClaims } from '../../shared/control/domains/claims.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { pageQuery, toPage } from '../../shared/http/paging.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'

const query = z.strictObject(pageQuery)

export const listDomainsRequest = z.strictObject({ path: tenantPath, query })
export const listAllDomainsRequest = z.strictObject({ path: nothing, query })

async function list(control: ControlPlane, slug: string | null, { limit, cursor = '0' }: z.output<typeof query>) {
  const claims = await listClaims(control, { slug, after: cursor, limit: limit + 1 })
  return ok(toPage(claims.map(toClaimAnswer), limit))
}

export const listDomains = operatorEndpoint({
  request: listDomainsRequest,
  handle: ({ control }, { path: { slug }, query }) => list(control, slug, query),
})

export const listAllDomains = operatorEndpoint({
  request: listAllDomainsRequest,
  handle: ({ control }, { query }) => list(control, null, query),
})

import * as z from 'zod'
import { listIssuers as listTokenIssuers } from '../../shared/control/token-issuers.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'

export const listIssuersRequest = z.strictObject({ path: tenantPath, query: nothing })

export const listIssuers = operatorEndpoint({
  request: listIssuersRequest,
  handle: async ({ control }, { path: { slug } }) => ok({ items: await listTokenIssuers(control, slug) }),
})

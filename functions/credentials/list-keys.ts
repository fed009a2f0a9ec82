import * as z from 'zod'
import { listKeys as listApiKeys } from '../../shared/control/api-keys.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'

export const listKeysRequest = z.strictObject({ path: tenantPath, query: nothing })

export const listKeys = operatorEndpoint({
  request: listKeysRequest,
  handle: async ({ control }, { path: { slug } }) => ok({ items: await listApiKeys(control, slug) }),
})

import * as z from 'zod'
import { revokeKey as revokeApiKey } from '../../shared/control/api-keys.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { keyPath } from './credential-fields.ts'

export const revokeKeyRequest = z.strictObject({ path: keyPath, query: nothing })

export const revokeKey = operatorEndpoint({
  request: revokeKeyRequest,
  handle: async ({ control }, { path: { slug, id } }) => ok(await revokeApiKey(control, slug, id)),
})

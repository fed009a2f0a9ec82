import * as z from 'zod'
import { createKey as createApiKey } from '../../shared/control/api-keys.ts'
import { created } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { timestamp } from '../../shared/http/fields.ts'
import { scopes } from '../routes.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'
import { keyName, scopeList } from './credential-fields.ts'

export const createKeyRequest = z.strictObject({
  path: tenantPath,
  query: nothing,
  body: z.strictObject({
    name: keyName,
    scopes: scopeList.default([...scopes]),
    expires_at: z
      .nullable(timestamp.check(z.refine((value) => Date.parse(value) > Date.now(), 'must lie ahead')))
      .default(null),
  }),
})

/** 201 with the key, which is shown this once. */
export const createKey = operatorEndpoint({
  request: createKeyRequest,
  async handle({ control }, { path: { slug }, body: { name, scopes, expires_at } }) {
    const made = await createApiKey(control, slug, { name, scopes, expiresAt: expires_at })
    return created(`/tenants/${slug}/keys/${made.key_id}`, made)
  },
})

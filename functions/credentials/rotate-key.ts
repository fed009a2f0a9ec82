import * as z from 'zod'
import { rotateKey as rotateApiKey } from '../../shared/control/api-keys.ts'
import { created } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { keyPath } from './credential-fields.ts'

export const rotateKeyRequest = z.strictObject({
  path: keyPath,
  query: nothing,
  /** How long the old key stays good, for the new one to be put in its place: a week at most. */
  body: z.strictObject({ overlap_hours: z.number().min(0).max(168).default(24) }),
})

/** 201 with the key that takes the other one's place. */
export const rotateKey = operatorEndpoint({
  request: rotateKeyRequest,
  async handle({ control }, { path: { slug, id }, body: { overlap_hours } }) {
    const made = await rotateApiKey(control, slug, id, overlap_hours)
    return created(`/tenants/${slug}/keys/${made.key_id}`, made)
  },
})

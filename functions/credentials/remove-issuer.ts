import * as z from 'zod'
import { removeIssuer as removeTokenIssuer } from '../../shared/control/token-issuers.ts'
import { noContent } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { id } from '../../shared/http/fields.ts'
import { nothing, slug } from './credential-fields.ts'

export const removeIssuerRequest = z.strictObject({ path: z.strictObject({ slug, id }), query: nothing })

export const removeIssuer = operatorEndpoint({
  request: removeIssuerRequest,
  async handle({ control }, { path: { slug, id } }) {
    await removeTokenIssuer(control, slug, id)
    return noContent()
  },
})

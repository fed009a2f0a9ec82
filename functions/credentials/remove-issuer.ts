import * as z from 'zod'
import { removeIssuer as removeTokenIssuer } from '../../shared/control/token-issuers.ts'
import { noContent } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { id } from '../../shared/http/fields.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'

export const removeIssuerRequest = z.strictObject({ path: tenantPath.extend({ id }), query: nothing })

export const removeIssuer = operatorEndpoint({
  request: removeIssuerRequest,
  async handle({ control }, { path: { slug, id } }) {
    await removeTokenIssuer(control, slug, id)
    return noContent()
  },
})

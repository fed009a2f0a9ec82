import * as z from 'zod'
import { addIssuer as addTokenIssuer } from '../../shared/control/token-issuers.ts'
import { created } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { text } from '../../shared/http/fields.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'
import { scopeList } from './credential-fields.ts'

/** Not normalised: a token's `iss` has to be the same to the letter. */
const httpsUrl = z
  .string()
  .max(500)
  .refine((value) => /^https:\/\/[^\s?#]+$/.test(value) && URL.canParse(value), 'must be an https URL')

const claim = z.string().regex(/^[\w:/.-]{1,200}$/, 'must be the name of a claim')

export const addIssuerRequest = z.strictObject({
  path: tenantPath,
  query: nothing,
  body: z
    .strictObject({
      issuer: httpsUrl,
      audience: text(255),
      jwks_uri: httpsUrl.nullable().default(null),
      tenant_claim: claim.nullable().default(null),
      tenant_value: z.nullable(text(255)).default(null),
      scope_claim: claim.default('scope'),
      /** What the claim's values mean here; without it they are the scopes themselves. */
      scope_map: z.record(z.string().min(1).max(255), scopeList).nullable().default(null),
    })
    .refine(
      (body) => (body.tenant_claim === null) === (body.tenant_value === null),
      'must have both tenant_claim and tenant_value, or neither',
    ),
})

/** 201 with whose tokens are taken from now on. */
export const addIssuer = operatorEndpoint({
  request: addIssuerRequest,
  async handle({ control }, { path: { slug }, body }) {
    const { issuer, audience, tenant_claim: name, tenant_value: value } = body
    const made = await addTokenIssuer(control, slug, {
      ...{ issuer, audience, jwksUri: body.jwks_uri, scopeClaim: body.scope_claim, scopeMap: body.scope_map },
      tenantClaim: name === null || value === null ? null : { name, value },
    })
    return created(`/tenants/${slug}/issuers/${made.id}`, made)
  },
})

import * as z from 'zod'
import { changeTenant as changeTenantRecord } from '../../shared/control/list-tenants.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { text } from '../../shared/http/fields.ts'
import { planName } from '../plans/plan-fields.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

/** As browsers send it: scheme, host, and a port that is not the scheme's own. */
const origin = z
  .string()
  .max(300)
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, 'must be an origin: https://shop.acme.com')

export const changeTenantRequest = z.strictObject({
  path: tenantPath,
  query: nothing,
  body: z
    .strictObject({
      name: z.optional(text(200)),
      cors_origins: z.array(origin).max(100).optional(),
      plan: planName.optional(),
    })
    .refine((change) => Object.keys(change).length > 0, 'must change name, cors_origins or plan'),
})

export const changeTenant = operatorEndpoint({
  request: changeTenantRequest,
  async handle({ control }, { path, body: { cors_origins: corsOrigins, ...change } }) {
    return ok(toTenantAnswer(await changeTenantRecord(control, path.slug, { ...change, corsOrigins })))
  },
})

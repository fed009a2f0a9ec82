import * as z from 'zod'
import { renameTenant as renameTenantRecord } from '../../shared/control/list-tenants.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { text } from '../../shared/http/fields.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

export const renameTenantRequest = z.strictObject({
  path: tenantPath,
  query: nothing,
  body: z.strictObject({ name: text(200) }),
})

export const renameTenant = operatorEndpoint({
  request: renameTenantRequest,
  async handle({ control }, { path, body }) {
    return ok(toTenantAnswer(await renameTenantRecord(control, path.slug, body.name)))
  },
})

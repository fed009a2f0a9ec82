import * as z from 'zod'
import { restoreTenant as restore } from '../../shared/control/delete-tenant.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

export const restoreTenantRequest = z.strictObject({ path: tenantPath, query: nothing })

export const restoreTenant = operatorEndpoint({
  request: restoreTenantRequest,
  async handle({ control }, { path }) {
    return ok(toTenantAnswer(await restore(control, path.slug)))
  },
})

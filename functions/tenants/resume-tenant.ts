import * as z from 'zod'
import { resumeTenant as resume } from '../../shared/control/suspend-tenant.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

export const resumeTenantRequest = z.strictObject({ path: tenantPath, query: nothing })

export const resumeTenant = operatorEndpoint({
  request: resumeTenantRequest,
  async handle({ control }, { path }) {
    return ok(toTenantAnswer(await resume(control, path.slug)))
  },
})

import * as z from 'zod'
import { suspendTenant as suspend } from '../../shared/control/suspend-tenant.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

export const suspendTenantRequest = z.strictObject({ path: tenantPath, query: nothing })

export const suspendTenant = operatorEndpoint({
  request: suspendTenantRequest,
  async handle({ control }, { path }) {
    return ok(toTenantAnswer(await suspend(control, path.slug)))
  },
})

import * as z from 'zod'
import { getTenant as getTenantRecord } from '../../shared/control/list-tenants.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

export const getTenantRequest = z.strictObject({ path: tenantPath, query: nothing })

export const getTenant = operatorEndpoint({
  request: getTenantRequest,
  async handle({ control }, { path }) {
    return ok(toTenantAnswer(await getTenantRecord(control, path.slug)))
  },
})

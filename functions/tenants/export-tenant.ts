import * as z from 'zod'
import { exportOperation } from '../../shared/control/export-operation.ts'
import { requireExportable } from '../../shared/control/measure-tenant.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

export const exportTenantRequest = z.strictObject({ path: tenantPath, query: nothing })

/** 202 with the operation that makes the file; `GET /operations/{id}/file` then tells where it is. */
export const exportTenant = operatorEndpoint({
  request: exportTenantRequest,
  async handle({ control, operator }, { path: { slug } }) {
    await requireExportable(control, slug)
    const operation = await startOperation(control, exportOperation, { input: { slug }, tenant: slug, operator })
    return accepted(`/operations/${operation.id}`, operation)
  },
})

import * as z from 'zod'
import { exportOperation } from '../../shared/control/export-operation.ts'
import { findExportSource } from '../../shared/control/export-source.ts'
import { requireExportable } from '../../shared/control/measure-tenant.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { placementName } from '../placements/placement-fields.ts'
import { tenantPath } from './tenant-fields.ts'

export const exportTenantRequest = z.strictObject({
  path: tenantPath,
  query: z.strictObject({
    /** A placement that holds the tenant as it was: one restored from a backup. */
    from: placementName.optional(),
  }),
})

/** 202 with the operation that makes the file; `GET /operations/{id}/file` then tells where it is. */
export const exportTenant = operatorEndpoint({
  request: exportTenantRequest,
  async handle({ control, operator }, { path: { slug }, query: { from = null } }) {
    await requireExportable(control, slug, (await findExportSource(control, slug, from)).ref)
    const operation = await startOperation(control, exportOperation, { input: { slug, from }, tenant: slug, operator })
    return accepted(`/operations/${operation.id}`, operation)
  },
})

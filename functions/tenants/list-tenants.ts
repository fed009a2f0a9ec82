import * as z from 'zod'
import { listTenants as listTenantRecords } from '../../shared/control/list-tenants.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { pageQuery, toPage } from '../../shared/http/paging.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { nothing } from './tenant-fields.ts'

export const listTenantsRequest = z.strictObject({
  path: nothing,
  query: z.strictObject({
    ...pageQuery,
    status: z.enum(['provisioning', 'active', 'suspending', 'suspended', 'moving', 'deleting']).optional(),
    placement: z.string().optional(),
  }),
})

export const listTenants = operatorEndpoint({
  request: listTenantsRequest,
  async handle({ control }, { query: { limit, cursor = '0', status, placement } }) {
    const records = await listTenantRecords(control, { after: cursor, limit: limit + 1, status, placement })
    return ok(toPage(records.map(toTenantAnswer), limit))
  },
})

import * as z from 'zod'
import { listPlans as listPlanRecords } from '../../shared/control/plans.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'

export const listPlansRequest = z.strictObject({ path: nothing, query: nothing })

export const listPlans = operatorEndpoint({
  request: listPlansRequest,
  handle: async ({ control }) => ok({ items: await listPlanRecords(control) }),
})

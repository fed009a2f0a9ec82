import * as z from 'zod'
import { updatePlan as updatePlanRecord } from '../../shared/control/plans.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { planLimits, planName } from './plan-fields.ts'

export const updatePlanRequest = z.strictObject({
  path: z.strictObject({ name: planName }),
  query: nothing,
  body: z
    .strictObject(planLimits)
    .refine(
      (change) => Object.keys(change).length > 0,
      `must change at least one of ${Object.keys(planLimits).join(', ')}`,
    ),
})

export const updatePlan = operatorEndpoint({
  request: updatePlanRequest,
  handle: async ({ control }, { path, body }) => ok(await updatePlanRecord(control, path.name, body)),
})

import * as z from 'zod'
import { addPlan as addPlanRecord } from '../../shared/control/plans.ts'
import { created } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { planLimits, planName } from './plan-fields.ts'

export const addPlanRequest = z.strictObject({
  path: nothing,
  query: nothing,
  body: z.strictObject({ name: planName, ...planLimits }),
})

export const addPlan = operatorEndpoint({
  request: addPlanRequest,
  async handle({ control }, { body: { name, ...limits } }) {
    return created(`/plans/${name}`, await addPlanRecord(control, name, limits))
  },
})

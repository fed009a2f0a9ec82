import * as z from 'zod'
import { removePlan as removePlanRecord } from '../../shared/control/plans.ts'
import { noContent } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing } from '../tenants/tenant-fields.ts'
import { planName } from './plan-fields.ts'

export const removePlanRequest = z.strictObject({ path: z.strictObject({ name: planName }), query: nothing })

export const removePlan = operatorEndpoint({
  request: removePlanRequest,
  async handle({ control }, { path }) {
    await removePlanRecord(control, path.name)
    return noContent()
  },
})

import { createControlHandler } from '../../shared/http/create-control-handler.ts'
import type { ControlEndpointsOf } from '../control-routes.ts'
import { addPlan } from './add-plan.ts'
import { listPlans } from './list-plans.ts'
import { listTenantUsage, listUsage } from './list-usage.ts'
import { removePlan } from './remove-plan.ts'
import { updatePlan } from './update-plan.ts'

const endpoints: ControlEndpointsOf<'plans'> = {
  'GET /plans': listPlans,
  'POST /plans': addPlan,
  'PATCH /plans/{name}': updatePlan,
  'DELETE /plans/{name}': removePlan,
  'GET /usage': listUsage,
  'GET /tenants/{slug}/usage': listTenantUsage,
}

export const handler = createControlHandler(endpoints)

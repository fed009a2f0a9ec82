import { createControlHandler } from '../../shared/http/create-control-handler.ts'
import type { ControlEndpointsOf } from '../control-routes.ts'
import { getFleet } from './get-fleet.ts'
import { getPlan } from './get-plan.ts'
import { startDriftCheck } from './start-drift-check.ts'
import { startMigration } from './start-migration.ts'

const endpoints: ControlEndpointsOf<'migrations'> = {
  'POST /migrations': startMigration,
  'GET /migrations/plan': getPlan,
  'GET /fleet': getFleet,
  'POST /fleet/drift': startDriftCheck,
}

export const handler = createControlHandler(endpoints)

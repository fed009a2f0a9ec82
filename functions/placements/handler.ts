import { createControlHandler } from '../../shared/http/create-control-handler.ts'
import type { ControlEndpointsOf } from '../control-routes.ts'
import { addPlacement } from './add-placement.ts'
import { drainPlacement } from './drain-placement.ts'
import { listPlacements } from './list-placements.ts'
import { removePlacement } from './remove-placement.ts'
import { updatePlacement } from './update-placement.ts'

const endpoints: ControlEndpointsOf<'placements'> = {
  'GET /placements': listPlacements,
  'POST /placements': addPlacement,
  'PATCH /placements/{name}': updatePlacement,
  'DELETE /placements/{name}': removePlacement,
  'POST /placements/{name}/drain': drainPlacement,
}

export const handler = createControlHandler(endpoints)

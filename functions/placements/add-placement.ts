import * as z from 'zod'
import { invokeBootstrap } from '../../shared/control/invoke-function.ts'
import { getPlacement } from '../../shared/control/placements.ts'
import { created } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { registerPlacement } from '../../shared/tenancy/register-placement.ts'
import { placementName } from './placement-fields.ts'

export const addPlacementRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({ name: placementName }),
})

/** Makes the placement and lets tenants come to it. Done again for one that is there, it changes nothing. */
export const addPlacement = operatorEndpoint({
  request: addPlacementRequest,
  async handle({ control }, { body: { name } }) {
    await invokeBootstrap({ placement: name })
    await registerPlacement(control, name)
    return created(`/placements/${name}`, await getPlacement(control, name))
  },
})

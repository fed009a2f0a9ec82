import * as z from 'zod'
import { forgetForeignUsage } from '../../shared/control/collect-usage.ts'
import { invokeBootstrap } from '../../shared/control/invoke-function.ts'
import { dedicatePlacement, getPlacement } from '../../shared/control/placements.ts'
import { created } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { registerPlacement } from '../../shared/tenancy/register-placement.ts'
import { placementName } from './placement-fields.ts'

export const addPlacementRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    name: placementName,
    /** For one tenant alone, which is put there by name. */
    dedicated: z.boolean().default(false),
  }),
})

/** Makes the placement and lets tenants come to it, or one. Done again for one that is there, it changes nothing else. */
export const addPlacement = operatorEndpoint({
  request: addPlacementRequest,
  async handle({ control }, { body: { name, dedicated } }) {
    await invokeBootstrap({ placement: name })
    await forgetForeignUsage(control, name)
    await registerPlacement(control, name, { dedicated })
    const placement = dedicated ? await dedicatePlacement(control, name) : await getPlacement(control, name)
    return created(`/placements/${name}`, placement)
  },
})

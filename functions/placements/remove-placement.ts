import * as z from 'zod'
import { removePlacement as removePlacementRecord } from '../../shared/control/placements.ts'
import { noContent } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { placementName } from './placement-fields.ts'

export const removePlacementRequest = z.strictObject({
  path: z.strictObject({ name: placementName }),
  query: z.strictObject({}),
})

/** Forgets an empty placement; its database stays until its server is taken down. */
export const removePlacement = operatorEndpoint({
  request: removePlacementRequest,
  async handle({ control }, { path: { name } }) {
    await removePlacementRecord(control, name)
    return noContent()
  },
})

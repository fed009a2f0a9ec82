import * as z from 'zod'
import { listPlacements as listPlacementRecords } from '../../shared/control/placements.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'

export const listPlacementsRequest = z.strictObject({ path: z.strictObject({}), query: z.strictObject({}) })

export const listPlacements = operatorEndpoint({
  request: listPlacementsRequest,
  handle: async ({ control }) => ok({ items: await listPlacementRecords(control) }),
})

import * as z from 'zod'
import { updatePlacement as updatePlacementRecord } from '../../shared/control/placements.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { placementName } from './placement-fields.ts'

export const updatePlacementRequest = z.strictObject({
  path: z.strictObject({ name: placementName }),
  query: z.strictObject({}),
  body: z
    .strictObject({ tenant_limit: z.int().min(1).max(10_000).optional(), accepts_tenants: z.boolean().optional() })
    .refine((change) => Object.keys(change).length > 0, 'must change tenant_limit or accepts_tenants'),
})

export const updatePlacement = operatorEndpoint({
  request: updatePlacementRequest,
  handle: async ({ control }, { path, body }) => ok(await updatePlacementRecord(control, path.name, body)),
})

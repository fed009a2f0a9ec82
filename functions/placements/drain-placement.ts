import * as z from 'zod'
import { drainOperation } from '../../shared/control/drain-operation.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { getPlacement } from '../../shared/control/placements.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { placementName } from './placement-fields.ts'

export const drainPlacementRequest = z.strictObject({
  path: z.strictObject({ name: placementName }),
  query: z.strictObject({}),
})

/** 202 with the operation that moves every tenant of the placement elsewhere. */
export const drainPlacement = operatorEndpoint({
  request: drainPlacementRequest,
  async handle({ control, operator }, { path: { name } }) {
    await getPlacement(control, name)
    const operation = await startOperation(control, drainOperation, {
      input: { placement: name },
      tenant: null,
      operator,
    })
    return accepted(`/operations/${operation.id}`, operation)
  },
})

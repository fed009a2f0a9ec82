import * as z from 'zod'
import { driftOperation } from '../../shared/control/fleet/drift-operation.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'

export const startDriftCheckRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({ repair: z.boolean().default(false) }),
})

/** 202 with the operation that looks through every tenant's schema. */
export const startDriftCheck = operatorEndpoint({
  request: startDriftCheckRequest,
  async handle({ control, operator }, { body }) {
    const operation = await startOperation(control, driftOperation, { input: body, tenant: null, operator })
    return accepted(`/operations/${operation.id}`, operation)
  },
})

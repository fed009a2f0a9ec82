import * as z from 'zod'
import { getOperation as getOperationRow } from '../../shared/control/operations.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { id } from '../../shared/http/fields.ts'

export const getOperationRequest = z.strictObject({ path: z.strictObject({ id }), query: z.strictObject({}) })

export const getOperation = operatorEndpoint({
  request: getOperationRequest,
  async handle({ control }, { path }) {
    return ok(await getOperationRow(control, path.id))
  },
})

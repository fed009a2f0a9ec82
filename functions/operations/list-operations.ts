import { listOperations as listOperationRows } from '../../shared/control/operations.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { toPage } from '../../shared/http/paging.ts'
import { latestFirstRequest } from './latest-first.ts'

export const listOperations = operatorEndpoint({
  request: latestFirstRequest,
  async handle({ control }, { query: { limit, cursor } }) {
    return ok(toPage(await listOperationRows(control, { before: cursor, limit: limit + 1 }), limit))
  },
})

import { listAudit as listAuditEntries } from '../../shared/control/audit.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { toPage } from '../../shared/http/paging.ts'
import { latestFirstRequest } from './latest-first.ts'

export const listAudit = operatorEndpoint({
  request: latestFirstRequest,
  async handle({ control }, { query: { limit, cursor } }) {
    return ok(toPage(await listAuditEntries(control, { before: cursor, limit: limit + 1 }), limit))
  },
})

import * as z from 'zod'
import { ok } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { text } from '../../shared/http/fields.ts'
import { pageQuery, toPage } from '../../shared/http/paging.ts'
import { listProducts as listProductRows } from './product-queries.ts'

export const listProductsRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    name: text(200)
      .optional()
      .meta({ description: 'How the name begins, in any case.', examples: ['set of'] }),
  }),
})

export const listProducts = tenantEndpoint({
  request: listProductsRequest,
  async handle({ db }, { query: { limit, cursor, name } }) {
    const rows = await listProductRows(db, { after: cursor, prefix: name, limit: limit + 1 })
    return ok(toPage(rows, limit))
  },
})

import * as z from 'zod'
import { ok } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { id, timestamp } from '../../shared/http/fields.ts'
import { pageQuery, toPage } from '../../shared/http/paging.ts'
import { listOrders as listOrderRows } from './order-queries.ts'

export const listOrdersRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    product_id: id.optional().meta({ description: 'Orders of this product only.' }),
    from: timestamp.optional().meta({ description: 'Orders at or after this time.' }),
    to: timestamp.optional().meta({ description: 'Orders before this time.' }),
  }),
})

export const listOrders = tenantEndpoint({
  request: listOrdersRequest,
  async handle({ db }, { query: { limit, cursor, product_id, from, to } }) {
    const rows = await listOrderRows(db, { after: cursor, productId: product_id, from, to, limit: limit + 1 })
    return ok(toPage(rows, limit))
  },
})

import * as z from 'zod/mini'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { id, timestamp } from '../../shared/http/fields.ts'
import { answerPage, pageQuery } from '../../shared/http/paging.ts'
import { listOrders as listOrderRows } from './order-queries.ts'

export const listOrdersRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    product_id: z.optional(id).check(z.meta({ description: 'Orders of this product only.' })),
    from: z.optional(timestamp).check(z.meta({ description: 'Orders at or after this time.' })),
    to: z.optional(timestamp).check(z.meta({ description: 'Orders before this time.' })),
  }),
})

export const listOrders = tenantEndpoint({
  request: listOrdersRequest,
  handle(context, { query: { limit, cursor, product_id, from, to } }) {
    return answerPage(context, limit, (most) =>
      listOrderRows(context.db, { after: cursor, productId: product_id, from, to, limit: most }),
    )
  },
})

import * as z from 'zod/mini'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { text } from '../../shared/http/fields.ts'
import { answerPage, pageQuery } from '../../shared/http/paging.ts'
import { listProducts as listProductRows } from './product-queries.ts'

export const listProductsRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    name: z
      .optional(text(200))
      .check(z.meta({ description: 'How the name begins, in any case.', examples: ['set of'] })),
  }),
})

export const listProducts = tenantEndpoint({
  request: listProductsRequest,
  handle(context, { query: { limit, cursor, name } }) {
    return answerPage(context, limit, (most) =>
      listProductRows(context.db, { after: cursor, prefix: name, limit: most }),
    )
  },
})

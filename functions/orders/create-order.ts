import * as z from 'zod/mini'
import { AppError } from '../../shared/errors.ts'
import { created } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { id, positiveMoney, timestamp } from '../../shared/http/fields.ts'
import { replayed, requireSameRequest } from '../../shared/http/idempotency.ts'
import { insertOrder, insertOrderOnce } from './order-queries.ts'

/** PostgreSQL's `integer`. */
const mostPieces = 2 ** 31 - 1

export const quantity = z
  .int('must be a whole number')
  .check(
    z.minimum(1, 'must be at least 1'),
    z.maximum(mostPieces, `must be at most ${mostPieces}`),
    z.meta({ description: 'Pieces.', examples: [2] }),
  )

export const createOrderRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    product_id: id,
    quantity,
    unit_price: z
      .optional(positiveMoney)
      .check(z.meta({ description: "The price of a piece; the product's unless given." })),
    order_date: z.optional(timestamp).check(z.meta({ description: 'Now unless given.' })),
  }),
})

export const createOrder = tenantEndpoint({
  request: createOrderRequest,
  async handle({ db }, { body }) {
    const order = await insertOrder(db, body)
    if (order === undefined) throw unknownProduct()
    return created(`/orders/${order.id}`, order)
  },
  async handleOnce({ db }, { body }, once) {
    const placed = await insertOrderOnce(db, body, once)
    if (placed === undefined) throw unknownProduct()
    requireSameRequest(placed.same)
    const answer = created(`/orders/${placed.order.id}`, placed.order)
    return placed.created ? answer : replayed(answer)
  },
})

function unknownProduct(): AppError {
  return new AppError('unknown_product', 'There is no such product.')
}

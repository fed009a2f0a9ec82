import * as z from 'zod/mini'
import { answeredTime, pageOf } from '../../shared/http/description.ts'
import { id, money, positiveMoney } from '../../shared/http/fields.ts'
import type { DescriptionsOf } from '../routes.ts'
import { quantity } from './create-order.ts'

export const order = z
  .object({
    id,
    product_id: id,
    quantity,
    unit_price: positiveMoney,
    total_price: money.check(
      z.meta({ description: 'Quantity times price, as the database reckons it.', examples: ['5.10'] }),
    ),
    order_date: answeredTime,
  })
  .check(z.meta({ id: 'Order', description: 'What a tenant has sold.' }))

/** An order as the API shows it: ids and money are decimal strings, `order_date` RFC 3339. */
export type Order = z.output<typeof order>

export const about = 'What they have sold.'

export const descriptions: DescriptionsOf<'orders'> = {
  'GET /orders': {
    id: 'listOrders',
    summary: 'List orders',
    description:
      'In the order of their ids. One may come after another with a higher id, by the seconds that its request took: whoever follows new ones reads the latest again.',
    answers: { 200: { description: 'A page of orders.', body: pageOf(order) } },
  },
  'POST /orders': {
    id: 'createOrder',
    summary: 'Place an order',
    answers: { 201: { description: 'The order that was placed.', body: order } },
    problems: ['unknown_product', 'price_required', 'amount_too_large'],
  },
  'GET /orders/{id}': {
    id: 'getOrder',
    summary: 'Read an order',
    answers: { 200: { description: 'The order.', body: order } },
    problems: ['not_found'],
  },
}

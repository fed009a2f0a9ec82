import { createHandler } from '../../shared/http/create-handler.ts'
import { serve } from '../routes.ts'
import { createOrder } from './create-order.ts'
import { getOrder } from './get-order.ts'
import { listOrders } from './list-orders.ts'

export const routes = serve('orders', {
  'GET /orders': listOrders,
  'POST /orders': createOrder,
  'GET /orders/{id}': getOrder,
})

// A POST with an Idempotency-Key is kept in a table of the second version.
export const handler = createHandler(routes, { needsVersion: 2 })

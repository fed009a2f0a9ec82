import * as z from 'zod/mini'
import { AppError } from '../../shared/errors.ts'
import { ok } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { id } from '../../shared/http/fields.ts'
import { findOrder } from './order-queries.ts'

export const getOrderRequest = z.strictObject({ path: z.strictObject({ id }), query: z.strictObject({}) })

export const getOrder = tenantEndpoint({
  request: getOrderRequest,
  async handle({ db }, { path }) {
    const order = await findOrder(db, path.id)
    if (order === undefined) throw new AppError('not_found', 'There is no such order.')
    return ok(order)
  },
})

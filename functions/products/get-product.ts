import * as z from 'zod/mini'
import { AppError } from '../../shared/errors.ts'
import { ok } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { productPath } from './product-fields.ts'
import { findProduct } from './product-queries.ts'

export const getProductRequest = z.strictObject({ path: productPath, query: z.strictObject({}) })

export const getProduct = tenantEndpoint({
  request: getProductRequest,
  async handle({ db }, { path }) {
    const product = await findProduct(db, path.id)
    if (product === undefined) throw new AppError('not_found', 'There is no such product.')
    return ok(product)
  },
})

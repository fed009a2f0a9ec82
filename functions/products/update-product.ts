import * as z from 'zod/mini'
import { AppError } from '../../shared/errors.ts'
import { ok } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { changeIfMatched } from '../../shared/http/precondition.ts'
import { productFields, productPath } from './product-fields.ts'
import { lockProduct, updateProduct as updateProductRow } from './product-queries.ts'

export const updateProductRequest = z.strictObject({
  path: productPath,
  query: z.strictObject({}),
  body: z.partial(z.strictObject(productFields)).check(
    z.refine((change) => Object.keys(change).length > 0, 'must change at least one of name, description and price'),
    z.meta({ override: { minProperties: 1 } }),
  ),
})

export const updateProduct = tenantEndpoint({
  request: updateProductRequest,
  takesIfMatch: true,
  async handle(context, { path, body }) {
    const product = await changeIfMatched(
      context,
      (db) => lockProduct(db, path.id),
      (db) => updateProductRow(db, path.id, body),
    )
    if (product === undefined) throw new AppError('not_found', 'There is no such product.')
    return ok(product)
  },
})

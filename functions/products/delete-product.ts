import * as z from 'zod/mini'
import { AppError } from '../../shared/errors.ts'
import { noContent } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { changeIfMatched } from '../../shared/http/precondition.ts'
import { productPath } from './product-fields.ts'
import { deleteProduct as deleteProductRow, lockProduct } from './product-queries.ts'

export const deleteProductRequest = z.strictObject({ path: productPath, query: z.strictObject({}) })

export const deleteProduct = tenantEndpoint({
  request: deleteProductRequest,
  takesIfMatch: true,
  async handle(context, { path }) {
    const deleted = await changeIfMatched(
      context,
      (db) => lockProduct(db, path.id),
      (db) => deleteProductRow(db, path.id),
    )
    if (deleted !== true) throw new AppError('not_found', 'There is no such product.')
    return noContent()
  },
})

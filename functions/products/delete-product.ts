import * as z from 'zod'
import { AppError } from '../../shared/errors.ts'
import { noContent } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { productPath } from './product-fields.ts'
import { deleteProduct as deleteProductRow } from './product-queries.ts'

export const deleteProductRequest = z.strictObject({ path: productPath, query: z.strictObject({}) })

export const deleteProduct = tenantEndpoint({
  request: deleteProductRequest,
  async handle({ db }, { path }) {
    const deleted = await deleteProductRow(db, path.id)
    if (!deleted) throw new AppError('not_found', 'There is no such product.')
    return noContent()
  },
})

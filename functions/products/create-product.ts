import * as z from 'zod/mini'
import { created } from '../../shared/http/answer.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { productFields } from './product-fields.ts'
import { insertProduct } from './product-queries.ts'

export const createProductRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({ ...productFields, description: z._default(productFields.description, null) }),
})

export const createProduct = tenantEndpoint({
  request: createProductRequest,
  async handle({ db }, { body }) {
    const product = await insertProduct(db, body)
    return created(`/products/${product.id}`, product)
  },
})

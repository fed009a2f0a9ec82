import { createHandler } from '../../shared/http/create-handler.ts'
import { serve } from '../routes.ts'
import { createProduct } from './create-product.ts'
import { deleteProduct } from './delete-product.ts'
import { getProduct } from './get-product.ts'
import { listProducts } from './list-products.ts'
import { updateProduct } from './update-product.ts'

export const routes = serve('products', {
  'GET /products': listProducts,
  'POST /products': createProduct,
  'GET /products/{id}': getProduct,
  'PATCH /products/{id}': updateProduct,
  'DELETE /products/{id}': deleteProduct,
})

// A POST with an Idempotency-Key is kept in a table of the second version.
export const handler = createHandler(routes, { needsVersion: 2 })

import * as z from 'zod/mini'
import { answeredTime, pageOf } from '../../shared/http/description.ts'
import { id } from '../../shared/http/fields.ts'
import type { DescriptionsOf } from '../routes.ts'
import { productFields } from './product-fields.ts'

export const product = z
  .object({ id, ...productFields, created_at: answeredTime })
  .check(z.meta({ id: 'Product', description: 'What a tenant sells.' }))

/** A product as the API shows it: id and price are decimal strings, `created_at` RFC 3339. */
export type Product = z.output<typeof product>

export const about = 'What tenants sell.'

export const descriptions: DescriptionsOf<'products'> = {
  'GET /products': {
    id: 'listProducts',
    summary: 'List products',
    description:
      'In the order of their ids. One may come after another with a higher id, by the seconds that its request took: whoever follows new ones reads the latest again.',
    answers: { 200: { description: 'A page of products.', body: pageOf(product) } },
  },
  'POST /products': {
    id: 'createProduct',
    summary: 'Make a product',
    answers: { 201: { description: 'The product that was made.', body: product } },
  },
  'GET /products/{id}': {
    id: 'getProduct',
    summary: 'Read a product',
    answers: { 200: { description: 'The product.', body: product } },
    problems: ['not_found'],
  },
  'PATCH /products/{id}': {
    id: 'updateProduct',
    summary: 'Change a product',
    description: 'Changes what is given, at least one of name, description and price.',
    answers: { 200: { description: 'The product as it is now.', body: product } },
    problems: ['not_found'],
  },
  'DELETE /products/{id}': {
    id: 'deleteProduct',
    summary: 'Delete a product',
    description: 'One that has orders must stay.',
    answers: { 204: { description: 'It is gone.' } },
    problems: ['not_found', 'product_has_orders'],
  },
}

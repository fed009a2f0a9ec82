import type { Order } from '../../functions/orders/order-queries.ts'
import type { Product } from '../../functions/products/product-queries.ts'
import type { Page } from '../../shared/http/paging.ts'
import type { Problem } from '../../shared/http/problems.ts'

/** What the API answered to a request to make something: the thing, or why not. */
export type Made<Thing> = { readonly made: Thing } | { readonly refused: Problem }

/** One tenant's side of the API, over HTTP, as any client would use it. */
export interface TenantClient {
  createProduct(product: { name: string; description: string; price: string }): Promise<Made<Product>>
  createOrder(order: {
    product_id: string
    quantity: number
    unit_price: string
    order_date: string
  }): Promise<Made<Order>>
  products(): AsyncGenerator<Product>
  orders(): AsyncGenerator<Order>
}

/** `url` is the API's shared domain, where the header names the tenant. Methods throw when the API fails (5xx, 401). */
export function createTenantClient(url: string, slug: string, key: string): TenantClient {
  const headers = { 'x-tenant': slug, authorization: `Bearer ${key}` }

  const make = async <Thing>(path: string, body: unknown): Promise<Made<Thing>> => {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.status === 201) return { made: (await response.json()) as Thing }
    const text = await response.text()
    if (response.status >= 500 || response.status === 401)
      throw new Error(`POST ${path} for ${slug} was answered ${response.status}: ${text}`)
    return { refused: JSON.parse(text) }
  }

  async function* list<Row>(path: string): AsyncGenerator<Row> {
    let cursor: string | null = null
    do {
      const target = new URL(path, url)
      target.searchParams.set('limit', '200')
      if (cursor !== null) target.searchParams.set('cursor', cursor)
      const response = await fetch(target, { headers })
      if (!response.ok) throw new Error(`GET ${path} for ${slug} was answered ${response.status}`)
      const page = (await response.json()) as Page<Row>
      yield* page.items
      cursor = page.next_cursor
    } while (cursor !== null)
  }

  return {
    createProduct: (product) => make('/products', product),
    createOrder: (order) => make('/orders', order),
    products: () => list('/products'),
    orders: () => list('/orders'),
  }
}

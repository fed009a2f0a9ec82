/** A request worth having an event of. */
export interface ExampleRequest {
  readonly method: string
  /** What the demo's tenants are answered. */
  readonly status: number
  /** Path and query. */
  readonly target: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Whose key it brings: the tenant's own unless said otherwise, none for null. */
  readonly keyOf?: string | null
  /** The host it is sent to, where neither a shared domain nor the tenant's own is meant. */
  readonly host?: string
}

const page = 'https://console.example.com'

/** One for each route, in the order of the table. A product that has orders cannot be deleted. */
export const exampleRequests: Readonly<Record<string, ExampleRequest>> = {
  'list-products': { status: 200, method: 'GET', target: '/products?limit=3' },
  'create-product': {
    status: 201,
    method: 'POST',
    target: '/products',
    body: { name: 'PAPER LANTERN', price: '4.25' },
  },
  'get-product': { status: 200, method: 'GET', target: '/products/1' },
  'update-product': { status: 200, method: 'PATCH', target: '/products/1', body: { price: '3.10' } },
  'delete-product': { status: 409, method: 'DELETE', target: '/products/1' },
  'list-orders': { status: 200, method: 'GET', target: '/orders?limit=3&product_id=1' },
  'create-order': { status: 201, method: 'POST', target: '/orders', body: { product_id: '1', quantity: 2 } },
  'get-order': { status: 200, method: 'GET', target: '/orders/1' },
  health: { status: 200, method: 'GET', target: '/health', keyOf: null },
  openapi: { status: 200, method: 'GET', target: '/openapi.json', keyOf: null },
  docs: { status: 200, method: 'GET', target: '/docs', keyOf: null },
  'docs-page': { status: 200, method: 'GET', target: '/docs/problems', keyOf: null },
  preflight: {
    ...{ status: 204, method: 'OPTIONS', target: '/products', keyOf: null },
    headers: { origin: page, 'access-control-request-method': 'GET' },
  },
}

/** What is refused: a key tells nothing of tenants that are not its own, not even whether they are there. */
export const wrongRequests: Readonly<Record<string, ExampleRequest>> = {
  'no-key': { status: 401, method: 'GET', target: '/products', keyOf: null },
  'key-of-another-tenant': { status: 403, method: 'GET', target: '/orders', keyOf: 'france' },
  'unknown-tenant': { status: 403, method: 'GET', target: '/products', headers: { 'x-tenant': 'atlantis' } },
  'unknown-domain': { status: 403, method: 'GET', target: '/products', host: 'shop.unknown.test' },
  'two-tenants': { status: 400, method: 'GET', target: '/orders', headers: { domain: 'france.localhost' } },
  'no-such-order': { status: 404, method: 'GET', target: '/orders/999999999' },
  'price-as-number': { status: 400, method: 'POST', target: '/products', body: { name: 'PAPER LANTERN', price: 4.25 } },
  'cut-off-body': { status: 400, method: 'POST', target: '/orders', body: '{"product_id":' },
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CallResult, call, keyOf } from '../support/call.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

/** A has thirty products and orders, B one: most of A's ids are none of B's. */
beforeAll(async () => {
  stage = await createTestStage('api', { counted: true })
  for (const [slug, rows] of [
    ['tenant-a', 30],
    ['tenant-b', 1],
  ] as const) {
    await stage.createTenant({ slug, domains: [`${slug}.example.com`] })
    await stage.inSchemaOf(slug, async (client) => {
      await client.query(
        `INSERT INTO products (name, price) SELECT '${slug} ' || n, n FROM generate_series(1, $1::int) n`,
        [rows],
      )
      await client.query('INSERT INTO orders (product_id, quantity, unit_price) SELECT id, 1, 1 FROM products')
    })
  }
})
afterAll(() => stage.end())

/** An answer to the byte, but for the request's own id. */
function bytesOf({ status, headers, text, body }: CallResult): string {
  const id = headers['x-request-id'] ?? 'none'
  expect(body?.instance ?? id).toBe(id)
  return JSON.stringify([status, headers, text]).replaceAll(id, 'ID')
}

it.each<[string, string, unknown?]>([
  ['GET', '/products/{id}'],
  ['PATCH', '/products/{id}', { name: 'mine now' }],
  ['DELETE', '/products/{id}'],
  ['GET', '/orders/{id}'],
  ['GET', '/orders?product_id={id}'],
  ['POST', '/orders', { product_id: '{id}', quantity: 1 }],
])("%s %s with an id of A's is answered to B as one that never was, byte for byte", async (method, target, body) => {
  const ask = (id: string) =>
    call(method, target.replace('{id}', id), {
      tenant: 'tenant-b',
      ...(body === undefined ? {} : { body: JSON.parse(JSON.stringify(body).replace('{id}', id)) }),
    })
  const foreign = await ask('17')
  const never = await ask('99999')
  expect(bytesOf(foreign)).toBe(bytesOf(never))
  expect(foreign.text).not.toContain('tenant-a')
  if (target !== '/orders?product_id={id}') expect([404, 422]).toContain(foreign.status)
})

describe("A's key", () => {
  it.each([
    ["on B's domain", { host: 'tenant-b.example.com' }, 403, 'other-tenant'],
    ["with B's header", { tenant: 'tenant-b' }, 403, 'other-tenant'],
    ["with B's domain in the header", { headers: { domain: 'tenant-b.example.com' } }, 403, 'other-tenant'],
    ["on B's domain with B's header", { host: 'tenant-b.example.com', tenant: 'tenant-b' }, 403, 'other-tenant'],
    [
      "on B's domain with A's header",
      { host: 'tenant-b.example.com', tenant: 'tenant-a' },
      400,
      'tenant-names-disagree',
    ],
    [
      "on A's domain with B's header",
      { host: 'tenant-a.example.com', tenant: 'tenant-b' },
      400,
      'tenant-names-disagree',
    ],
    [
      "with both tenants' headers",
      { tenant: 'tenant-a', headers: { domain: 'tenant-b' } },
      400,
      'tenant-names-disagree',
    ],
  ])('%s is refused, and nothing reaches the database', async (_, options, status, type) => {
    const credential = keyOf('tenant-a')
    const requests = [
      () => call('GET', '/products', { ...options, credential }),
      () => call('POST', '/products', { ...options, credential, body: { name: 'x', price: '1' } }),
      () => call('DELETE', '/products/1', { ...options, credential }),
    ]
    for (const send of requests) await send()
    // Tenants and key are known by now: whatever still asks the database would be a statement in a schema.
    stage.takeFlights()
    for (const send of requests) expectProblem(await send(), status, type)
    expect(stage.takeFlights()).toBe(0)
  })
})

it('the same path, query, tag and idempotency key of two tenants with warm caches are never the other one', async () => {
  for (let round = 0; round < 3; round += 1) {
    const headers = { 'idempotency-key': 'the-same', 'if-none-match': '"x"' }
    for (const tenant of ['tenant-a', 'tenant-b']) {
      const made = await call('POST', '/products', { tenant, headers, body: { name: 'the same', price: '1' } })
      expect(made.status).toBe(201)
      const listed = await call('GET', '/products?limit=1', { tenant, headers })
      expect(listed.body.items[0].name).toBe(`${tenant} 1`)
      for (const other of ['tenant-a', 'tenant-b']) {
        const again = await call('GET', '/products?limit=1', {
          tenant: other,
          headers: { 'if-none-match': listed.headers.etag ?? '' },
        })
        expect(again.status).toBe(other === tenant ? 304 : 200)
      }
    }
  }
  const named = async (tenant: string) => (await call('GET', '/products?name=the same', { tenant })).body.items.length
  expect([await named('tenant-a'), await named('tenant-b')]).toEqual([1, 1])
})

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { type CallOptions, type CallResult, call } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

/**
 * Both tenants count their ids from 1, so an id proves nothing. Every row of B carries a random mark instead: no byte
 * of an answer to A may hold one, and B's rows must be the same afterwards.
 */
let stage: TestStage
let a: Tenant
let b: Tenant
const marks: string[] = []

/** B's prices are marks as well: digits that A's requests below never make. */
const markedPrice = () => `77${String(randomBytes(4).readUInt32BE()).padStart(8, '0').slice(0, 6)}.37`

beforeAll(async () => {
  stage = await createTestStage()
  a = await stage.createTenant({ slug: 'tenant-a', domains: ['a.example.com'] })
  b = await stage.createTenant({ slug: 'tenant-b', domains: ['b.example.com'] })
  for (let n = 0; n < 12; n += 1) {
    const [name, description, price] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex'), markedPrice()]
    marks.push(name, description, price.slice(0, -3))
    const product = await call('POST', '/products', { tenant: b.slug, body: { name, description, price } })
    expect(product.status).toBe(201)
    const order = await call('POST', '/orders', { tenant: b.slug, body: { product_id: product.body.id, quantity: 1 } })
    expect(order.status).toBe(201)
  }
})
afterAll(() => stage.end())

type Request = readonly [method: string, target: string, options: CallOptions]

const someId = fc.oneof(
  fc.integer({ min: 1, max: 15 }).map(String),
  fc.constantFrom('0', '99', 'x', '9223372036854775807'),
)
const someCursor = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map((id) => Buffer.from(`after:${id}`).toString('base64url')),
  fc.string({ maxLength: 12 }),
)
const someText = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('a', "'", '%', '\\', '"; SELECT 1; --', '$1'))
const somePrice = fc.constantFrom('0', '1.00', '2.5', '10', 'x', '-1')
const sentAs = fc.constantFrom<CallOptions>(
  { tenant: 'tenant-a' },
  { host: 'a.example.com' },
  { headers: { domain: 'a.example.com' } },
  { host: 'a.example.com', headers: { 'x-forwarded-host': 'b.example.com', forwarded: 'host=b.example.com' } },
  { tenant: 'tenant-a', headers: { 'x-forwarded-host': 'b.example.com' } },
  { host: 'a.example.com', headers: { 'x-tenant': 'tenant-b' } }, // refused: contradictory
)

const query = (parts: Record<string, string | undefined>) => {
  const given = Object.entries(parts).filter((part): part is [string, string] => part[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const someRequest: fc.Arbitrary<Request> = fc
  .oneof(
    fc
      .record({
        cursor: maybe(someCursor),
        limit: maybe(fc.constantFrom('1', '5', '200', '999')),
        name: maybe(someText),
      })
      .map((parts): Request => ['GET', `/products${query(parts)}`, {}]),
    fc
      .record({ cursor: maybe(someCursor), limit: maybe(fc.constantFrom('1', '200')), product_id: maybe(someId) })
      .map((parts): Request => ['GET', `/orders${query(parts)}`, {}]),
    someId.map((id): Request => ['GET', `/products/${id}`, {}]),
    someId.map((id): Request => ['GET', `/orders/${id}`, {}]),
    someId.map((id): Request => ['DELETE', `/products/${id}`, {}]),
    fc.record({ name: someText, price: somePrice }).map((body): Request => ['POST', '/products', { body }]),
    fc
      .tuple(someId, fc.record({ name: maybe(someText), price: maybe(somePrice), description: maybe(someText) }))
      .map(([id, body]): Request => ['PATCH', `/products/${id}`, { body }]),
    fc
      .record({ product_id: someId, quantity: fc.integer({ min: -1, max: 5 }), unit_price: maybe(somePrice) })
      .map((body): Request => ['POST', '/orders', { body }]),
  )
  .chain(([method, target, options]) => sentAs.map((as): Request => [method, target, { ...options, ...as }]))

function everythingOfB(): Promise<unknown> {
  return stage.inSchemaOf(b.slug, async (client) => {
    const { rows } = await client.query(
      `SELECT (SELECT json_agg(p ORDER BY id) FROM products p) AS products, (SELECT json_agg(o ORDER BY id) FROM orders o) AS orders`,
    )
    return rows[0]
  })
}

it("no byte of an answer to A holds anything of B's, and B's rows stay as they are", async () => {
  const before = await everythingOfB()
  let served = 0
  await fc.assert(
    fc.asyncProperty(fc.array(someRequest, { minLength: 1, maxLength: 12 }), async (requests) => {
      const answers: CallResult[] = await Promise.all(
        requests.map(([method, target, options]) => call(method, target, options)),
      )
      for (const answer of answers) {
        expect(answer.status).toBeLessThan(500)
        if (answer.status < 300) served += 1
        const bytes = `${JSON.stringify(answer.headers)}${answer.text}${decodedCursor(answer)}`
        for (const mark of marks) expect(bytes).not.toContain(mark)
      }
    }),
    { numRuns: 150 },
  )
  expect(await everythingOfB()).toEqual(before)
  // The property would be empty if nothing had been answered, or A had made no rows.
  expect(served).toBeGreaterThan(50)
  const rowsOfA = await call('GET', '/products?limit=200', { tenant: a.slug })
  expect(rowsOfA.body.items.length).toBeGreaterThan(0)
})

it('would notice: the marks are in what B itself is answered', async () => {
  const products = await call('GET', '/products?limit=200', { tenant: b.slug })
  const orders = await call('GET', '/orders?limit=200', { tenant: b.slug })
  for (const mark of marks) expect(products.text).toContain(mark)
  expect(marks.some((mark) => orders.text.includes(mark))).toBe(true)
})

function decodedCursor({ body }: CallResult): string {
  return typeof body?.next_cursor === 'string' ? Buffer.from(body.next_cursor, 'base64url').toString('latin1') : ''
}

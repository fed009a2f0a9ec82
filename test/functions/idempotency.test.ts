import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { insertOrderOnce } from '../../functions/orders/order-queries.ts'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import { type CallResult, call } from '../support/call.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let key: string

beforeAll(async () => {
  stage = await createTestStage()
  for (const slug of ['acme', 'other']) {
    await stage.createTenant({ slug })
    await call('POST', '/products', { tenant: slug, body: { name: `of ${slug}`, price: '2.50' } })
    await call('POST', '/products', { tenant: slug, body: { name: 'free', price: '0' } })
  }
})
afterAll(() => stage.end())
beforeEach(() => {
  key = randomUUID()
})

const send = (path: string, body: unknown, idempotencyKey = key, tenant = 'acme'): Promise<CallResult> =>
  call('POST', path, { tenant, body, headers: { 'idempotency-key': idempotencyKey } })

const count = async (table: string, tenant = 'acme'): Promise<number> =>
  stage.inSchemaOf(tenant, async (client) => (await client.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n)

const order = { product_id: '1', quantity: 3 }
const product = { name: 'made once', price: '1.25' }

describe.each([
  ['an order', '/orders', order, 'orders'],
  ['a product', '/products', product, 'products'],
])('%s with a key', (_, path, body, table) => {
  it('is made once, and answered the same again', async () => {
    const before = await count(table)
    const first = await send(path, body)
    const again = await send(path, body)
    expect(first.status).toBe(201)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect({ ...again, headers: { ...again.headers, 'x-request-id': '' } }).toEqual({
      ...first,
      headers: { ...first.headers, 'x-request-id': '', 'idempotency-replayed': 'true' },
    })
    expect(await count(table)).toBe(before + 1)
    // What the answer says is there.
    expect((await call('GET', first.headers.location ?? '', { tenant: 'acme' })).body).toEqual(first.body)
  })

  it('is the same request whatever the order of its members, and another one with another body', async () => {
    const first = await send(path, body)
    const turned = Object.fromEntries(Object.entries(body).toReversed())
    expect((await send(path, turned)).body).toEqual(first.body)
    const other = await send(path, { ...body, ...('quantity' in body ? { quantity: 4 } : { price: '9' }) })
    expectProblem(other, 422, 'idempotency-key-reused')
    expect(Object.keys(other.body).toSorted()).toEqual(['detail', 'instance', 'status', 'title', 'type'])
    expect(other.headers.location).toBeUndefined()
  })

  it('is another one for another tenant and another key', async () => {
    const first = await send(path, body)
    const ofOther = await send(path, body, key, 'other')
    expect(ofOther.headers['idempotency-replayed']).toBeUndefined()
    expect((await send(path, body, randomUUID())).body.id).not.toBe(first.body.id)
  })

  it('is made once of fifty at once, and all are answered alike', async () => {
    const before = await count(table)
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(path, body)))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1)
    expect(await count(table)).toBe(before + 1)
  })

  it('is told to come back while the first is under way for more than a second', async () => {
    const holder = new pg.Client({ ...stage.connection('control'), options: `-c role=${stage.names.owner}` })
    await holder.connect()
    const { rows } = await stage.asOwner((client) =>
      client.query("SELECT schema_name FROM catalog.tenants WHERE slug = 'acme'"),
    )
    await holder.query('BEGIN')
    await holder.query(
      `INSERT INTO ${rows[0].schema_name}.idempotency_keys (route, key, fingerprint) VALUES ($1, $2, sha256('x'))`,
      [`POST ${path}`, key],
    )
    const answer = await send(path, body)
    expectProblem(answer, 409, 'idempotency-in-flight')
    expect(answer.headers['retry-after']).toBe('1')
    await holder.query('ROLLBACK')
    await holder.end()
    expect((await send(path, body)).status).toBe(201)
  })
})

it('is placed once by many instances at once, each with its connection, and all have the same answer', async () => {
  const pools = createDirectPools(stage.connection('api'), { size: 10 })
  const { ref } = await getTenant(stage.control, 'acme')
  const db = openTenantDatabase(pools, ref)
  const before = await count('orders')
  const rounds = 20
  for (let round = 0; round < rounds; round += 1) {
    const once = { route: 'POST /orders', key: `${key}-${round}`, fingerprint: Buffer.alloc(32, round) }
    const placed = await Promise.all(Array.from({ length: 50 }, () => insertOrderOnce(db, order, once)))
    expect(placed.filter((each) => each?.created)).toHaveLength(1)
    expect(new Set(placed.map((each) => JSON.stringify(each?.order))).size).toBe(1)
    expect(placed.every((each) => each?.same)).toBe(true)
  }
  expect(await count('orders')).toBe(before + rounds)
  await pools.end()
})

it('is answered again as it was placed, whatever has become of the product since; and told from another request first', async () => {
  const made = await call('POST', '/products', { tenant: 'acme', body: { name: 'dear soon', price: '1.00' } })
  const body = { product_id: made.body.id, quantity: 1_000_000 }
  const first = await send('/orders', body)
  for (const price of ['99999.00', '0']) {
    await call('PATCH', `/products/${made.body.id}`, { tenant: 'acme', body: { price } })
    const again = await send('/orders', body)
    expect(again).toMatchObject({ status: 201, text: first.text, headers: { 'idempotency-replayed': 'true' } })
    expectProblem(await send('/orders', { ...body, quantity: 2_000_000 }), 422, 'idempotency-key-reused')
  }
  expectProblem(await send('/orders', { product_id: '999999', quantity: 1 }), 422, 'idempotency-key-reused')
})

it('is answered with all digits of its ids, which no float has', async () => {
  const id = '9007199254740993'
  await stage.inSchemaOf('acme', async (client) => {
    await client.query("INSERT INTO products (id, name, price) OVERRIDING SYSTEM VALUE VALUES ($1, 'late', '2.50')", [
      id,
    ])
    await client.query("SELECT setval('orders_id_seq', $1)", [id])
  })
  const first = await send('/orders', { product_id: id, quantity: 2 })
  expect(first.body).toMatchObject({ id: '9007199254740994', product_id: id, unit_price: '2.50', total_price: '5.00' })
  expect((await send('/orders', { product_id: id, quantity: 2 })).body).toEqual(first.body)
})

it('leaves the key free when the request is refused', async () => {
  for (const [body, type] of [
    [{ product_id: '999', quantity: 1 }, 'unknown-product'],
    [{ product_id: '2', quantity: 1 }, 'price-required'],
    [{ product_id: '1', quantity: 2_000_000_000, unit_price: '9999999999' }, 'amount-too-large'],
  ] as const) {
    expectProblem(await send('/orders', body), 422, type)
  }
  expectProblem(await send('/orders', { product_id: '1' }), 400, 'invalid-request')
  expect((await send('/orders', order)).status).toBe(201)
})

it('serves an order of any price and time from its key as it was placed', async () => {
  const body = { product_id: '1', quantity: 7, unit_price: '0.1', order_date: '2010-12-01T10:26:00.123456+02:00' }
  const first = await send('/orders', body)
  expect(first.body).toMatchObject({
    unit_price: '0.10',
    total_price: '0.70',
    order_date: '2010-12-01T08:26:00.123456Z',
  })
  expect((await send('/orders', body)).text).toBe(first.text)
  expect((await call('GET', `/orders/${first.body.id}`, { tenant: 'acme' })).text).toBe(first.text)
})

describe('a key', () => {
  it.each(['a', 'x'.repeat(255), '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '"a,b;c"', '"with \\" and \\\\"'])(
    'may be %j',
    async (text) => {
      expect((await send('/orders', order, text.includes(' ') ? text.replaceAll(' ', '-') : text)).status).toBe(201)
    },
  )

  it.each(['', ' ', 'x'.repeat(256), 'ä', 'a b', '"open', '""', '"a"b', 'tab\tbed', 'one,two', '"one","two"'])(
    'may not be %j',
    async (text) => {
      expectProblem(await send('/orders', order, text), 400, 'invalid-idempotency-key')
    },
  )

  it('means the same bare and quoted', async () => {
    const first = await send('/orders', order, key)
    expect((await send('/orders', order, `"${key}"`)).body).toEqual(first.body)
  })

  it('is not asked for, and says nothing to a GET', async () => {
    expect((await call('POST', '/orders', { tenant: 'acme', body: order })).status).toBe(201)
    const read = await call('GET', '/orders', { tenant: 'acme', headers: { 'idempotency-key': 'ä' } })
    expect(read.status).toBe(200)
  })
})

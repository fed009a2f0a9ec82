import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CallResult, call } from '../support/call.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let tenant: string

beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())
beforeEach(async () => {
  tenant = (await stage.createTenant()).slug
  for (const price of ['2.55', '0.00']) {
    const { status } = await call('POST', '/products', { tenant, body: { name: `At ${price}`, price } })
    expect(status).toBe(201)
  }
})

function createOrder(overrides: Record<string, unknown> = {}): Promise<CallResult> {
  return call('POST', '/orders', { tenant, body: { product_id: '1', quantity: 6, ...overrides } })
}

async function listIds(query: string): Promise<string[]> {
  const { status, body } = await call('GET', `/orders?${query}`, { tenant })
  expect(status).toBe(200)
  return body.items.map((item: { id: string }) => item.id)
}

describe('POST /orders', () => {
  it("places an order at the product's price, now, and answers 201 with where it is", async () => {
    const before = Date.now()
    const answer = await createOrder()
    expect(answer.status).toBe(201)
    expect(answer.headers.location).toBe('/orders/1')
    expect(answer.body).toEqual({
      ...{ id: '1', product_id: '1', quantity: 6, unit_price: '2.55', total_price: '15.30' },
      order_date: expect.any(String),
    })
    expect(Date.parse(answer.body.order_date)).toBeGreaterThanOrEqual(before - 1)
    expect((await call('GET', '/orders/1', { tenant })).body).toEqual(answer.body)
  })

  it('takes a price and a time of its own, and answers the time in UTC', async () => {
    const { body } = await createOrder({ unit_price: '3.1', order_date: '2010-12-01T10:26:00.123456+02:00' })
    expect(body).toMatchObject({
      ...{ unit_price: '3.10', total_price: '18.60', order_date: '2010-12-01T08:26:00.123456Z' },
    })
  })

  it.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '2024-02-29T12:00:00Z'])(
    'keeps the time %s',
    async (time) => {
      expect((await createOrder({ order_date: time })).body.order_date).toBe(time)
    },
  )

  it('keeps every penny of the largest total', async () => {
    const { body } = await createOrder({ quantity: 1, unit_price: '9999999999.99' })
    expect(body.total_price).toBe('9999999999.99')
  })

  it.each([
    ['a product that does not exist', { product_id: '99' }, 'unknown-product'],
    ['a product without a price when none is given', { product_id: '2' }, 'price-required'],
    ['a total beyond numeric(12,2)', { quantity: 2, unit_price: '9999999999.99' }, 'amount-too-large'],
  ])('answers 422 for %s', async (_, overrides, type) => {
    expectProblem(await createOrder(overrides), 422, type)
    expect(await listIds('')).toEqual([])
  })

  it.each([
    ['a missing product', { product_id: undefined }, 'body.product_id'],
    ['a product id that is a number', { product_id: 1 }, 'body.product_id'],
    ['a product id beyond bigint', { product_id: '9223372036854775808' }, 'body.product_id'],
    ['a quantity of 0', { quantity: 0 }, 'body.quantity'],
    ['a negative quantity', { quantity: -1 }, 'body.quantity'],
    ['half a piece', { quantity: 0.5 }, 'body.quantity'],
    ['a quantity as text', { quantity: '6' }, 'body.quantity'],
    ['a quantity beyond integer', { quantity: 2_147_483_648 }, 'body.quantity'],
    ['a price of 0', { unit_price: '0.00' }, 'body.unit_price'],
    ['a negative price', { unit_price: '-1' }, 'body.unit_price'],
    ['a price that is a number', { unit_price: 2.55 }, 'body.unit_price'],
    ['a time without an offset', { order_date: '2010-12-01T08:26:00' }, 'body.order_date'],
    ['a day that does not exist', { order_date: '2010-02-30T08:26:00Z' }, 'body.order_date'],
    ['the year 0', { order_date: '0000-12-31T00:00:00Z' }, 'body.order_date'],
    ['a time whose UTC year is 10000', { order_date: '9999-12-31T23:59:59-01:00' }, 'body.order_date'],
    ['a time finer than microseconds', { order_date: '9999-12-31T23:59:59.9999999Z' }, 'body.order_date'],
    ['an offset beyond those of the world', { order_date: '2010-12-01T08:26:00+23:00' }, 'body.order_date'],
    ['a total of its own', { total_price: '1.00' }, 'body.total_price'],
  ])('refuses %s', async (_, overrides, path) => {
    const answer = await createOrder(overrides)
    expectProblem(answer, 400, 'invalid-request')
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
    expect(await listIds('')).toEqual([])
  })

  it('refuses a number that JSON can write and no number can hold', async () => {
    const body = '{"product_id":"1","quantity":1e400}'
    expectProblem(await call('POST', '/orders', { tenant, body }), 400, 'invalid-request')
  })

  it('leaves a total that is not price times quantity impossible in the database', async () => {
    await createOrder()
    const write = stage.inSchemaOf(tenant, (client) => client.query('UPDATE orders SET total_price = 1'))
    await expect(write).rejects.toMatchObject({ code: '428C9' })
  })

  it.each([
    ['a quantity of 0', 'UPDATE orders SET quantity = 0'],
    ["an order's price of 0", 'UPDATE orders SET unit_price = 0'],
    ["a product's price below 0", 'UPDATE products SET price = -0.01'],
  ])('leaves %s impossible in the database', async (_, statement) => {
    await createOrder()
    const write = stage.inSchemaOf(tenant, (client) => client.query(statement))
    await expect(write).rejects.toMatchObject({ code: '23514' })
  })
})

describe('GET /orders', () => {
  beforeEach(async () => {
    await createOrder({ order_date: '2010-12-01T00:00:00Z' })
    await createOrder({ order_date: '2010-12-02T00:00:00Z', product_id: '2', unit_price: '1.00' })
    await createOrder({ order_date: '2010-12-03T00:00:00Z' })
  })

  it('pages in the order of ids, with a cursor that goes on behind the last', async () => {
    const first = await call('GET', '/orders?limit=2', { tenant })
    expect(first.body.items.map((item: { id: string }) => item.id)).toEqual(['1', '2'])
    const second = await call('GET', `/orders?limit=2&cursor=${first.body.next_cursor}`, { tenant })
    expect(second.body).toMatchObject({ items: [{ id: '3' }], next_cursor: null })
  })

  it('finds the orders of a product', async () => {
    expect(await listIds('product_id=1')).toEqual(['1', '3'])
    expect(await listIds('product_id=9')).toEqual([])
  })

  it('finds the orders of a span of time, its beginning included and its end not', async () => {
    expect(await listIds('from=2010-12-02T00:00:00Z')).toEqual(['2', '3'])
    expect(await listIds('to=2010-12-02T00:00:00Z')).toEqual(['1'])
    expect(await listIds('from=2010-12-01T00:00:00Z&to=2010-12-03T00:00:00Z&product_id=1')).toEqual(['1'])
    expect(await listIds('from=2010-12-01T01:00:00%2B01:00&to=2010-12-01T00:00:00.000001Z')).toEqual(['1'])
  })

  it.each([
    ['product_id=abc', 'query.product_id'],
    ['from=yesterday', 'query.from'],
    ['to=2010-12-01', 'query.to'],
    ['limit=201', 'query.limit'],
    ['cursor=xyz', 'query.cursor'],
    ['from=2010-12-01T08:26:00%2B23:00', 'query.from'],
    ['sort=id', 'query.sort'],
  ])('refuses ?%s', async (query, path) => {
    const answer = await call('GET', `/orders?${query}`, { tenant })
    expectProblem(answer, 400, 'invalid-request')
    expect(answer.body.errors[0].path).toBe(path)
  })
})

describe('GET /orders/{id}', () => {
  it("says the same of another tenant's order as of one that never was", async () => {
    await createOrder()
    const other = (await stage.createTenant()).slug
    const foreign = await call('GET', '/orders/1', { tenant: other })
    const none = await call('GET', '/orders/2', { tenant: other })
    expectProblem(foreign, 404, 'not-found')
    const withoutIds = ({ status, headers, body }: CallResult) => ({
      status,
      headers: { ...headers, 'x-request-id': '' },
      body: { ...body, instance: '' },
    })
    expect(withoutIds(foreign)).toEqual(withoutIds(none))
  })

  it('refuses an id that is none', async () => {
    expectProblem(await call('GET', '/orders/first', { tenant }), 400, 'invalid-request')
  })
})

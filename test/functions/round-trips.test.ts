import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { drawApiKey } from '../../shared/tenancy/api-key.ts'
import { call } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('api', { counted: true })
  for (const slug of ['acme', 'other']) await stage.createTenant({ slug })
  // The first request of an instance also opens its connection.
  await call('POST', '/products', { tenant: 'acme', body: { name: 'x', price: '1' } })
})
afterAll(() => stage.end())

async function flightsOf(method: string, target: string, options: Parameters<typeof call>[2]): Promise<number> {
  stage.takeFlights()
  const { status } = await call(method, target, { tenant: 'acme', ...options })
  expect(status).toBeLessThan(300)
  return stage.takeFlights()
}

const order = { product_id: '1', quantity: 1 }

it.each([
  ['a list', 'GET', '/products', {}, 1],
  ['one row', 'GET', '/products/1', {}, 1],
  ['an order', 'POST', '/orders', { body: order }, 1],
  ['an order with an idempotency key', 'POST', '/orders', { body: order, headers: { 'idempotency-key': 'k' } }, 1],
  ['its replay', 'POST', '/orders', { body: order, headers: { 'idempotency-key': 'k' } }, 1],
  [
    'a product with an idempotency key',
    'POST',
    '/products',
    { body: { name: 'y', price: '1' }, headers: { 'idempotency-key': 'k' } },
    4,
  ],
  ['a change', 'PATCH', '/products/1', { body: { price: '2' } }, 1],
  ['a change with a precondition', 'PATCH', '/products/1', { body: { price: '2' }, headers: { 'if-match': '*' } }, 3],
  ['health', 'GET', '/health', {}, 1],
])('%s costs its round trips and no more', async (_, method, target, options, expected) => {
  expect(await flightsOf(method, target, options)).toBe(expected)
})

it('a tenant and a key that are new cost one more, for both; the note that the key was used costs none', async () => {
  const { key } = await stage.createKey('other')
  expect(await flightsOf('GET', '/products', { tenant: 'other', credential: key })).toBe(2)
  const { key: another } = await stage.createKey('other')
  expect(await flightsOf('GET', '/products', { tenant: 'other', credential: another })).toBe(2)
  expect(await flightsOf('GET', '/products', { tenant: 'other', credential: another })).toBe(1)
  const { rows } = await stage.asOwner((client) => client.query('SELECT FROM atrium.key_uses'))
  expect(rows).toHaveLength(3)
})

it('a key that there is not costs the same look-up, whether the tenant is there or not, known or new', async () => {
  const flights: number[] = []
  for (const tenant of ['acme', 'nobody-there', 'other', 'nobody-at-all']) {
    stage.takeFlights()
    const { status } = await call('GET', '/products', { tenant, credential: drawApiKey().text })
    expect(status).toBe(401)
    flights.push(stage.takeFlights())
  }
  expect(flights).toEqual([1, 1, 1, 1])
  // The same one again, and what is neither key nor token, cost none.
  const bad = drawApiKey().text
  await call('GET', '/products', { tenant: 'acme', credential: bad })
  for (const credential of [bad, 'x.y.z', 'nonsense']) {
    for (const tenant of ['acme', 'nobody-so-far', `nobody-${credential.length}`]) {
      stage.takeFlights()
      expect((await call('GET', '/products', { tenant, credential })).status).toBe(401)
      expect(stage.takeFlights()).toBe(0)
    }
  }
})

it('a credential that is refused costs one look-up and no statement in a schema', async () => {
  stage.takeFlights()
  const answers = [
    await call('GET', '/products', { tenant: 'acme', credential: null }),
    await call('GET', '/products', { tenant: 'acme', credential: `atr_${'a'.repeat(12)}_${randomUUID()}` }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([401, 401])
  expect(stage.takeFlights()).toBe(0)
})

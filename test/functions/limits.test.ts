import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CallOptions, call } from '../support/call.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme' })
})
afterAll(() => stage.end())

const send = (method: string, target: string, options: CallOptions = {}) =>
  call(method, target, { tenant: 'acme', ...options })

describe('is refused with 400', () => {
  it.each<[string, () => ReturnType<typeof call>, string]>([
    [
      'more than 100 headers',
      () =>
        send('GET', '/products', {
          headers: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`x-${n}`, ''])),
        }),
      'more than 100 headers',
    ],
    [
      'a header of 8,193 characters',
      () => send('GET', '/products', { headers: { 'x-long': 'x'.repeat(8_193) } }),
      'x-long',
    ],
    ['a path of more than 2,048', () => send('GET', `/products/${'1'.repeat(2_048)}`), 'a path of more than 2048'],
    [
      'a query of more than 4,096',
      () => send('GET', `/products?name=${'x'.repeat(4_096)}`),
      'a query of more than 4096',
    ],
    ['an id beyond bigint in the path', () => send('GET', '/orders/9223372036854775808'), 'path.id: is beyond any id'],
    [
      'an id beyond bigint in the query',
      () => send('GET', '/orders?product_id=9223372036854775808'),
      'query.product_id',
    ],
    ['NUL in the query', () => send('GET', '/products?name=a%00b'), 'query.name: must not hold control characters'],
    ['NUL in the path', () => send('GET', '/products/%00'), 'path.id'],
  ])('%s', async (_, ask, detail) => {
    const answer = await ask()
    expectProblem(answer, 400, 'invalid-request')
    expect(answer.body.detail).toContain(detail)
  })

  const order = (quantity: string) => `{"product_id":"1","quantity":${quantity}}`
  const product = (name: string) => `{"name":${name},"price":"1"}`
  it.each([
    ['1e400', '/orders', order('1e400'), 'body.quantity: is beyond what a JSON number can hold'],
    ['-0', '/orders', order('-0'), 'body.quantity'],
    ['four hundred nines', '/orders', order('9'.repeat(400)), 'body.quantity: is beyond'],
    ['2^53 + 1', '/orders', order('9007199254740993'), 'body.quantity: is beyond'],
    ['1.5', '/orders', order('1.5'), 'body.quantity: must be a whole number'],
    [
      'an id beyond bigint',
      '/orders',
      '{"product_id":"9223372036854775808","quantity":1}',
      'body.product_id: is beyond any id',
    ],
    ['NUL', '/products', product('"a\\u0000b"'), 'body.name: must not hold control characters'],
    [
      'half of a surrogate pair',
      '/products',
      product('"\\ud800"'),
      'body.name: must not hold control characters, nor half',
    ],
    ['NUL in the name of a member', '/products', '{"a\\u0000":1}', 'body: must not hold'],
    [
      '__proto__',
      '/products',
      '{"__proto__":{"name":"x"},"name":"x","price":"1"}',
      'body.__proto__: is not known here',
    ],
    ['constructor', '/products', '{"constructor":1,"name":"x","price":"1"}', 'body.constructor: is not known here'],
    ['33 levels', '/products', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 'must not be nested more than 32 levels'],
    [
      'ten thousand levels',
      '/products',
      `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
      'must not be nested more than 32 levels',
    ],
  ])('%s', async (_, target, body, detail) => {
    const answer = await send('POST', target, { body })
    expectProblem(answer, 400, 'invalid-request')
    expect(answer.body.detail).toContain(detail)
  })
})

it('takes what is just within its limits', async () => {
  const headers = { 'x-long': 'x'.repeat(8_192) }
  expect((await send('GET', `/products?name=${'x'.repeat(150)}`, { headers })).status).toBe(200)
  expect((await send('GET', '/orders/9223372036854775807')).status).toBe(404)
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listProducts } from '../../functions/products/product-queries.ts'
import { type CallResult, call, eventFor, invoke } from '../support/call.ts'
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
})

function createProduct(overrides: Record<string, unknown> = {}): Promise<CallResult> {
  return call('POST', '/products', { tenant, body: { name: 'Lantern', price: '2.55', ...overrides } })
}

async function createOrderOf(productId: string): Promise<void> {
  const order = await call('POST', '/orders', { tenant, body: { product_id: productId, quantity: 1 } })
  expect(order.status).toBe(201)
}

describe('POST /products', () => {
  it('answers 201 with the product and where it is', async () => {
    const answer = await createProduct({ price: '2.5', description: 'White metal' })
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({ location: '/products/1', 'content-type': 'application/json' })
    expect(answer.body).toEqual({
      id: '1',
      name: 'Lantern',
      description: 'White metal',
      price: '2.50',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    })
    expect((await call('GET', '/products/1', { tenant })).body).toEqual(answer.body)
  })

  it('takes a price of 0 and the largest that numeric(12,2) holds', async () => {
    expect((await createProduct({ price: '0' })).body.price).toBe('0.00')
    expect((await createProduct({ price: '9999999999.99' })).body.price).toBe('9999999999.99')
  })

  it('takes a name of 200 characters, in any script', async () => {
    const name = '灯'.repeat(200)
    expect((await createProduct({ name })).body.name).toBe(name)
  })

  it.each([
    ['a missing name', { name: undefined }, 'body.name'],
    ['an empty name', { name: '' }, 'body.name'],
    ['a blank name', { name: ' \t' }, 'body.name'],
    ['a name of 201 characters', { name: 'x'.repeat(201) }, 'body.name'],
    ['a name that holds NUL', { name: 'a\0b' }, 'body.name'],
    ['a name that holds a control character', { name: 'a\u001bb' }, 'body.name'],
    ['a name that holds half a surrogate pair', { name: 'a\ud800' }, 'body.name'],
    ['a name that is a number', { name: 5 }, 'body.name'],
    ['a missing price', { price: undefined }, 'body.price'],
    ['a price that is a number', { price: 2.55 }, 'body.price'],
    ['a negative price', { price: '-1.00' }, 'body.price'],
    ['a price with three decimals', { price: '1.005' }, 'body.price'],
    ['a price of eleven digits', { price: '10000000000' }, 'body.price'],
    ['a price in exponents', { price: '1e3' }, 'body.price'],
    ['an unknown field', { colour: 'red' }, 'body.colour'],
    ['an id of its own', { id: '7' }, 'body.id'],
    ['a prototype key', JSON.parse('{"__proto__":{"admin":true}}'), 'body.__proto__'],
  ])('refuses %s', async (_, overrides, path) => {
    // Spreading would drop __proto__ as an own key, so the body is put together as JSON.
    const body = JSON.stringify({ name: 'Lantern', price: '2.55', ...overrides }).replace(
      '{',
      JSON.stringify(overrides).includes('__proto__') ? '{"__proto__":{},' : '{',
    )
    const answer = await call('POST', '/products', { tenant, body })
    expectProblem(answer, 400, 'invalid-request')
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path)
    expect((await call('GET', '/products', { tenant })).body.items).toEqual([])
  })

  it.each([
    ['no body', undefined, 400, 'malformed-body'],
    ['a body cut short', '{"name":"Lan', 400, 'malformed-body'],
    ['an array', [], 400, 'invalid-request'],
    ['null', 'null', 400, 'invalid-request'],
    ['a body over 256 KB', { name: 'x'.repeat(256 * 1024), price: '1' }, 413, 'body-too-large'],
  ])('refuses %s', async (_, body, status, type) => {
    expectProblem(await call('POST', '/products', { tenant, body }), status, type)
  })

  it('takes a body of exactly 256 KB to its schema', async () => {
    const empty = JSON.stringify({ name: 'x', price: '1', description: '' })
    const body = JSON.stringify({ name: 'x', price: '1', description: 'd'.repeat(256 * 1024 - empty.length) })
    expect(body.length).toBe(256 * 1024)
    expectProblem(await call('POST', '/products', { tenant, body }), 400, 'invalid-request')
  })

  it('takes a body in base64, which API Gateway may make of it, and refuses one that is not UTF-8', async () => {
    const send = (bytes: Buffer) => {
      const event = eventFor('POST', '/products', { tenant, body: 'replaced' })
      return invoke({ ...event, body: bytes.toString('base64'), isBase64Encoded: true })
    }
    expect((await send(Buffer.from('{"name":"Élan","price":"1"}'))).body.name).toBe('Élan')
    expectProblem(await send(Buffer.from('{"name":"\xff","price":"1"}', 'latin1')), 400, 'malformed-body')
  })

  it('refuses a body that is not sent as JSON', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expectProblem(await call('POST', '/products', { tenant, headers, body: 'name=x' }), 415, 'unsupported-media-type')
  })

  it('refuses a query parameter', async () => {
    const answer = await call('POST', '/products?dry_run=1', { tenant, body: { name: 'x', price: '1' } })
    expectProblem(answer, 400, 'invalid-request')
    expect(answer.body.errors).toEqual([{ path: 'query.dry_run', message: 'is not known here' }])
  })
})

describe('GET /products', () => {
  it('pages through all products in the order of their ids, each once', async () => {
    for (let n = 1; n <= 7; n += 1) await createProduct({ name: `Lantern ${n}` })
    const names: string[] = []
    let cursor: string | null = null
    let pages = 0
    do {
      const page: CallResult = await call('GET', `/products?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`, {
        tenant,
      })
      names.push(...page.body.items.map((item: { name: string }) => item.name))
      cursor = page.body.next_cursor
      pages += 1
    } while (cursor !== null)
    expect(names).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `Lantern ${n}`))
    expect(pages).toBe(3)
  })

  it('answers 50 items unless asked for fewer or more, and no cursor behind the last', async () => {
    for (let n = 1; n <= 51; n += 1) await createProduct()
    const first = await call('GET', '/products', { tenant })
    expect(first.body.items).toHaveLength(50)
    expect(first.body.next_cursor).toEqual(expect.any(String))
    const all = await call('GET', '/products?limit=51', { tenant })
    expect(all.body.items).toHaveLength(51)
    expect(all.body.next_cursor).toBeNull()
  })

  it('finds products by the beginning of their name, in any case, wildcards taken literally', async () => {
    for (const name of ['White Lantern', 'WHITE HANGER', 'Off-white', '50% off', '500 pieces', 'a_b', 'axb', 'Élan']) {
      await createProduct({ name })
    }
    const find = async (prefix: string) => {
      const { body } = await call('GET', `/products?name=${encodeURIComponent(prefix)}`, { tenant })
      return body.items.map((item: { name: string }) => item.name)
    }
    expect(await find('whi')).toEqual(['White Lantern', 'WHITE HANGER'])
    expect(await find('50%')).toEqual(['50% off'])
    expect(await find('a_')).toEqual(['a_b'])
    expect(await find('éL')).toEqual(['Élan'])
    expect(await find('\\')).toEqual([])
  })

  it('serves the name filter from an index', async () => {
    const sent: { text: string; values: readonly unknown[] }[] = []
    const recorder = {
      read: async (text: string, values: readonly unknown[]) => {
        sent.push({ text, values })
        return []
      },
      write: () => Promise.reject(new Error('a list writes nothing')),
    }
    await listProducts(recorder, { after: undefined, prefix: 'lan', limit: 51 })
    const plan = await stage.inSchemaOf(tenant, async (client) => {
      await client.query('SET LOCAL enable_seqscan = off')
      await client.query('SET LOCAL enable_indexscan = off') // else the primary key's order wins on an empty table
      return client.query(`EXPLAIN ${sent[0]?.text}`, [...(sent[0]?.values ?? [])])
    })
    expect(JSON.stringify(plan.rows)).toContain('products_name_idx')
  })

  it('fits the largest page into a response of Lambda, whatever its texts', async () => {
    // Each of these characters takes four bytes once the body stands in the payload's JSON.
    const body = { name: '"'.repeat(200), description: '\\'.repeat(5_000), price: '1' }
    for (let n = 0; n < 200; n += 1) expect((await call('POST', '/products', { tenant, body })).status).toBe(201)
    const page = await call('GET', '/products?limit=200', { tenant })
    expect(page.body.items).toHaveLength(200)
    expect(Buffer.byteLength(JSON.stringify({ body: page.text, headers: page.headers }))).toBeLessThan(6_291_556)
  })

  it.each([
    ['limit=0', 'query.limit'],
    ['limit=201', 'query.limit'],
    ['limit=-1', 'query.limit'],
    ['limit=1.5', 'query.limit'],
    ['limit=', 'query.limit'],
    ['limit=many', 'query.limit'],
    ['limit=10&limit=20', 'query.limit'],
    ['cursor=', 'query.cursor'],
    ['cursor=abc', 'query.cursor'],
    [`cursor=${Buffer.from('after:0').toString('base64url')}`, 'query.cursor'],
    [`cursor=${Buffer.from('after:1 OR 1=1').toString('base64url')}`, 'query.cursor'],
    [`cursor=${Buffer.from('1').toString('base64url')}`, 'query.cursor'],
    ['name=', 'query.name'],
    ['name=%00', 'query.name'],
    ['colour=red', 'query.colour'],
  ])('refuses ?%s', async (query, path) => {
    const answer = await call('GET', `/products?${query}`, { tenant })
    expectProblem(answer, 400, 'invalid-request')
    expect(answer.body.errors[0].path).toBe(path)
  })
})

describe('GET /products/{id}', () => {
  it.each(['1', '9223372036854775807'])('answers 404 for %s, which no product has', async (id) => {
    expectProblem(await call('GET', `/products/${id}`, { tenant }), 404, 'not-found')
  })

  it.each(['0', '-1', '01', '1.5', 'abc', '9223372036854775808', '2010-12-01T08:26:00Z', '1%00', "1'%20OR%20'1'='1"])(
    'refuses the id %s',
    async (id) => {
      const answer = await call('GET', `/products/${id}`, { tenant })
      expectProblem(answer, 400, 'invalid-request')
      expect(answer.body.errors[0].path).toBe('path.id')
    },
  )
})

describe('PATCH /products/{id}', () => {
  it('changes what is given and leaves the rest', async () => {
    await createProduct({ description: 'White metal' })
    const patch = (body: unknown) => call('PATCH', '/products/1', { tenant, body })
    expect((await patch({ price: '3' })).body).toMatchObject({
      name: 'Lantern',
      description: 'White metal',
      price: '3.00',
    })
    expect((await patch({ name: 'Lamp' })).body).toMatchObject({
      name: 'Lamp',
      description: 'White metal',
      price: '3.00',
    })
    const removed = await patch({ description: null })
    expect(removed.status).toBe(200)
    expect(removed.body).toMatchObject({ name: 'Lamp', description: null, price: '3.00' })
    expect((await call('GET', '/products/1', { tenant })).body).toEqual(removed.body)
  })

  it('refuses to change nothing, and a name of null', async () => {
    await createProduct()
    expectProblem(await call('PATCH', '/products/1', { tenant, body: {} }), 400, 'invalid-request')
    expectProblem(await call('PATCH', '/products/1', { tenant, body: { name: null } }), 400, 'invalid-request')
  })

  it('answers 404 when there is no such product', async () => {
    expectProblem(await call('PATCH', '/products/1', { tenant, body: { price: '1' } }), 404, 'not-found')
  })
})

describe('DELETE /products/{id}', () => {
  it('removes the product and answers 204 without a body', async () => {
    await createProduct()
    const answer = await call('DELETE', '/products/1', { tenant })
    expect(answer.status).toBe(204)
    expect(answer.text).toBe('')
    expectProblem(await call('GET', '/products/1', { tenant }), 404, 'not-found')
    expectProblem(await call('DELETE', '/products/1', { tenant }), 404, 'not-found')
  })

  it('answers 409 for a product that has orders, which stays', async () => {
    const { body } = await createProduct()
    await createOrderOf(body.id)
    expectProblem(await call('DELETE', `/products/${body.id}`, { tenant }), 409, 'product-has-orders')
    expect((await call('GET', `/products/${body.id}`, { tenant })).status).toBe(200)
  })
})

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { AnswerError, type Client, createClient, dataOf, ProblemError } from '../../client/create-client.ts'
import { type CallResult, eventFor, invoke, keyOf } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

/** What the network does to a request: loses it, or its answer, or has somebody else answer. */
type Fault =
  | 'lost before'
  | 'lost after'
  | 'broken off'
  | 'gateway'
  | 'proxy'
  | { readonly status: number; readonly retryAfter?: string }

let stage: TestStage
let server: Server
let url: string
const faults: Fault[] = []
const seen: { readonly method: string; readonly target: string; readonly once: string | undefined }[] = []

async function answer(request: Parameters<typeof eventFor>, headers: Record<string, string>): Promise<CallResult> {
  const [method, target, options] = request
  return invoke(eventFor(method, target, { ...options, credential: null, headers }))
}

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme' })
  server = createServer(async (request, response) => {
    const body = await buffer(request)
    const { method = 'GET', url: target = '/' } = request
    const once = request.headers['idempotency-key']?.toString()
    seen.push({ method, target, once })
    const fault = faults.shift()
    if (fault === 'lost before') return request.socket.destroy()
    if (fault === 'gateway')
      return response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"Internal Server Error"}')
    if (fault === 'proxy') {
      const headers = { 'content-type': 'application/problem+json' }
      return response.writeHead(403, headers).end('{"type":"about:blank","title":"Forbidden","status":403}')
    }
    if (typeof fault === 'object') {
      return response
        .writeHead(fault.status, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter })
        .end()
    }
    const { connection: _, 'transfer-encoding': __, ...sent } = request.headers
    const headers = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, String(value)]))
    const made = await answer([method, target, { host: 'api.test', ...(body.length > 0 && { body }) }], {
      ...headers,
      host: 'api.test',
    })
    if (fault === 'lost after') return request.socket.destroy()
    if (fault === 'broken off') {
      response
        .writeHead(made.status, { ...made.headers, 'content-length': made.text.length })
        .write(made.text.slice(0, 9))
      return setTimeout(() => request.socket.destroy(), 20)
    }
    return response.writeHead(made.status, made.headers).end(made.text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  expect(faults).toEqual([])
  seen.length = 0
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await stage.end()
})

const connect = (options: Partial<Parameters<typeof createClient>[0]> = {}): Client =>
  createClient({ url, tenant: 'acme', key: keyOf('acme'), ...options })
const lamp = { name: 'LAMP', price: '12.50' }

it('does what the description says, typed by it', async () => {
  const client = connect()
  const product = await dataOf(client.POST('/products', { body: lamp }))
  expect(product).toMatchObject({ ...lamp, description: null })
  const params = { path: { id: product.id } }
  expect(await dataOf(client.GET('/products/{id}', { params }))).toEqual(product)
  const changed = await dataOf(client.PATCH('/products/{id}', { params, body: { price: '13.00' } }))
  expect(changed.price).toBe('13.00')
  const { response } = await client.DELETE('/products/{id}', { params })
  expect(response.status).toBe(204)
})

it('lists every item, page by page, and asks for no page that nobody wants', async () => {
  const client = connect()
  const names = Array.from({ length: 7 }, (_, n) => `PAGED ${n}`)
  for (const name of names) await client.POST('/products', { body: { name, price: '1' } })
  seen.length = 0
  const products = await Array.fromAsync(client.list('/products', { name: 'paged', limit: 3 }))
  expect(products.map(({ name }) => name)).toEqual(names)
  expect(seen).toHaveLength(3)
  seen.length = 0
  for await (const { name } of client.list('/products', { name: 'paged', limit: 3 })) if (name === 'PAGED 1') break
  expect(seen).toHaveLength(1)
})

describe('a refusal', () => {
  it('is thrown as the problem that it is', async () => {
    const order = connect().POST('/orders', { body: { product_id: '999999', quantity: 1 } })
    const error = await order.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ProblemError)
    expect(error).toMatchObject({
      message: 'POST /orders was answered 422: There is no such product.',
      problem: { type: '/docs/problems#unknown-product', status: 422 },
    })
    expect(seen).toHaveLength(1)
  })

  it('that no function made is told from one that a function did', async () => {
    for (const [fault, status, words] of [
      ['gateway', 500, 'Internal Server Error'],
      ['proxy', 403, 'Forbidden'],
    ] as const) {
      faults.push(fault)
      const error = await connect({ tries: 1 })
        .GET('/orders')
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(AnswerError)
      expect(error).not.toBeInstanceOf(ProblemError)
      expect(error).toMatchObject({ status, message: expect.stringContaining(words) })
    }
  })
})

describe('a request that may be sent again', () => {
  const countProducts = async (name: string) => (await Array.fromAsync(connect().list('/products', { name }))).length

  it('is, with the same key, when it or its answer was lost: what was asked for is done once', async () => {
    faults.push('lost before', 'lost after', 'broken off')
    const made = await dataOf(connect().POST('/products', { body: { name: 'ONCE', price: '1' } }))
    expect(seen).toHaveLength(4)
    expect(new Set(seen.map(({ once }) => once)).size).toBe(1)
    expect(await countProducts('ONCE')).toBe(1)
    expect(made.name).toBe('ONCE')
  })

  it.each([429, 409, 503])('is after the time that an answer of %d asks for, and not before', async (status) => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      const answers = [new Response('', { status, headers: { 'retry-after': '5' } }), Response.json({ status: 'ok' })]
      let sent = 0
      const answerNext = async () => answers[sent++] ?? Response.error()
      const asked = connect({ fetch: answerNext }).GET('/health')
      await vi.advanceTimersByTimeAsync(4_999)
      expect(sent).toBe(1)
      await vi.advanceTimersByTimeAsync(1_000)
      expect((await asked).data).toEqual({ status: 'ok' })
      expect(sent).toBe(2)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is when something before the API has none for it, or its function died', async () => {
    faults.push({ status: 503 }, { status: 502 }, 'gateway')
    expect((await connect().GET('/orders')).data).toEqual({ items: [], next_cursor: null })
  })

  it('is no more after the last try, nor when it is asked to wait for longer than a minute', async () => {
    faults.push('lost before', 'lost before')
    await expect(connect({ tries: 2 }).GET('/orders')).rejects.toThrow('fetch failed')
    faults.push({ status: 503, retryAfter: '3600' })
    await expect(connect().GET('/orders')).rejects.toMatchObject({ status: 503 })
    expect(seen).toHaveLength(3)
  })

  it('is no PATCH and no DELETE: what a lost one has done is to be found out', async () => {
    const client = connect()
    const { id } = await dataOf(client.POST('/products', { body: lamp }))
    const params = { path: { id } }
    faults.push('lost after')
    await expect(client.PATCH('/products/{id}', { params, body: { price: '14.00' } })).rejects.toThrow('fetch failed')
    expect((await dataOf(client.GET('/products/{id}', { params }))).price).toBe('14.00')
    faults.push('lost after')
    await expect(client.DELETE('/products/{id}', { params })).rejects.toThrow('fetch failed')
    await expect(client.GET('/products/{id}', { params })).rejects.toMatchObject({ status: 404 })
    expect(seen).toHaveLength(5)
  })

  it('waits for a time that is a date as well, and for nothing once nobody wants it any more', async () => {
    faults.push({ status: 503, retryAfter: new Date(Date.now() + 3_600_000).toUTCString() })
    await expect(connect().GET('/orders')).rejects.toMatchObject({ status: 503 })
    faults.push({ status: 503, retryAfter: '30' })
    const abort = new AbortController()
    const asked = connect().GET('/orders', { signal: abort.signal })
    while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    setTimeout(() => abort.abort(), 50)
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('brings the key that it is given, and another for each of two requests', async () => {
    const client = connect()
    const product = await dataOf(client.POST('/products', { body: lamp }))
    const order = { params: { header: { 'idempotency-key': 'mine' } }, body: { product_id: product.id, quantity: 1 } }
    const [first, again] = [await dataOf(client.POST('/orders', order)), await dataOf(client.POST('/orders', order))]
    expect(again).toEqual(first)
    const { params: _, ...another } = order
    expect((await dataOf(client.POST('/orders', another))).id).not.toBe(first.id)
    expect(seen.map(({ once }) => once).slice(1, 3)).toEqual(['mine', 'mine'])
  })
})

it('does not wait for an answer for longer than it is told', async () => {
  const silent = createServer(() => undefined)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const client = connect({ url: `http://127.0.0.1:${port}`, tries: 1, timeout: 50 })
  await expect(client.GET('/orders')).rejects.toMatchObject({ name: 'TimeoutError' })
  silent.closeAllConnections()
  silent.close()
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { createHandler } from '../../../shared/http/create-handler.ts'
import { publicEndpoint, tenantEndpoint } from '../../../shared/http/endpoint.ts'
import { call, eventFor, lambdaContext } from '../../support/call.ts'
import { takeLogLines } from '../../support/log-lines.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme' })
})
afterAll(() => stage.end())

it('writes one line a request, with its tenant, route, status and duration', async () => {
  takeLogLines()
  const answer = await call('GET', '/products/1', { tenant: 'acme' })
  expect(takeLogLines()).toEqual([
    {
      ...{ timestamp: expect.any(String), level: 'INFO', message: 'request', requestId: answer.body.instance },
      ...{
        route: 'GET /products/{id}',
        tenant: 'acme',
        caller: expect.stringMatching(/^key [a-z2-7]{12}$/),
        status: 404,
        durationMs: expect.any(Number),
        databaseMs: expect.any(Number),
        rows: 0,
        bytes: Buffer.byteLength(answer.text),
        cold: expect.any(Boolean),
      },
      errorCode: 'not_found',
    },
  ])
})

it('tells how much of its time a request has waited for the database, and its trace, if it is one', async () => {
  const trace = '1-67891233-abcdef012345678912345678'
  const headers = { 'x-amzn-trace-id': `Root=${trace};Parent=53995c3f42cd8ad8;Sampled=1` }
  await call('GET', '/products', { tenant: 'acme' })
  takeLogLines()
  await call('GET', '/products', { tenant: 'acme', headers })
  const [line] = takeLogLines()
  expect(line).toMatchObject({ traceId: trace })
  expect(Number(line?.databaseMs)).toBeGreaterThan(0)
  expect(Number(line?.databaseMs)).toBeLessThanOrEqual(Number(line?.durationMs))
  await call('GET', '/products', { tenant: 'acme', headers: { 'x-amzn-trace-id': 'Root=mine"}' } })
  expect(takeLogLines()[0]).not.toHaveProperty('traceId')
})

it('keeps bodies and queries out of the log', async () => {
  const mark = 'a-mark-of-its-own'
  await call('POST', '/products', { tenant: 'acme', body: { name: mark, price: 'no' } })
  await call('POST', '/products', { tenant: 'acme', body: { name: mark, price: '1' } })
  await call('GET', `/products?name=${mark}`, { tenant: 'acme', headers: { authorization: `Bearer ${mark}` } })
  expect(JSON.stringify(takeLogLines())).not.toContain(mark)
})

it('tells the log, and not the caller, what a handler threw in the middle of a transaction', async () => {
  const failing = tenantEndpoint({
    request: z.looseObject({}),
    handle: ({ db }) =>
      db.withTransaction({}, async (statements) => {
        await statements.write('INSERT INTO products (name, price) VALUES ($1, 1)', ['half done'])
        throw new TypeError('the reason')
      }),
  })
  const handler = createHandler({ 'GET /products': { endpoint: failing, access: 'products:read' } })
  takeLogLines()
  const result = await handler(eventFor('GET', '/products', { tenant: 'acme' }), lambdaContext())
  expect(result.statusCode).toBe(500)
  expect(result.body).not.toContain('the reason')
  expect(takeLogLines()).toMatchObject([
    { level: 'ERROR', error: { cause: { name: 'TypeError', message: 'the reason' } } },
  ])
  expect((await call('GET', '/products?name=half', { tenant: 'acme' })).body.items).toEqual([])
})

it('answers 500 for a route that no endpoint serves', async () => {
  const handler = createHandler({
    'GET /health': {
      endpoint: publicEndpoint({ request: z.object({}), handle: async () => ({ status: 200 }) }),
      access: 'public',
    },
  })
  expect((await handler(eventFor('GET', '/products'), lambdaContext())).statusCode).toBe(500)
})

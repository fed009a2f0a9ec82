import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { nextAnswer } from '../../local/gateway/process-messages.ts'
import { type CallOptions, eventFor } from '../support/call.ts'
import type { CountingProxy } from '../support/counting-proxy.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'
import { type BundledFunction, bundleFunction } from './function-processes.ts'
import { report } from './report.ts'

/** Lambda freezes a function between two requests, and stops it in the middle of one that outlives its time: SIGSTOP and SIGCONT. */
const rounds = Number(process.env.FAULT_FREEZES ?? 8)

let stage: TestStage
let proxy: CountingProxy
let superuser: pg.Client
let products: BundledFunction
let child: ChildProcess

beforeAll(async () => {
  stage = await createTestStage('api', { counted: true })
  if (stage.proxy === undefined) throw new Error('the stage has no proxy')
  proxy = stage.proxy
  await stage.createTenant({ slug: 'acme' })
  products = await bundleFunction('products', 15)
  superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  products.remove()
  await stage.end()
})
beforeEach(() => {
  child = products.fork()
})
afterEach(async () => {
  proxy.decide(() => 'pass')
  child.kill('SIGKILL')
  await once(child, 'close')
})

async function invoke(event: unknown): Promise<{ status: number; body: string }> {
  const answered = nextAnswer(child)
  child.send({ event, requestId: randomUUID(), timeout: 15_000 })
  const { outcome } = await answered
  if (!('result' in outcome)) throw new Error(outcome.error.errorMessage)
  const { statusCode, body } = outcome.result as { statusCode: number; body: string }
  return { status: statusCode, body }
}

const ask = (method: string, target: string, options: CallOptions = {}) =>
  invoke(eventFor(method, target, { tenant: 'acme', ...options }))
const freeze = () => child.kill('SIGSTOP')
const thaw = () => child.kill('SIGCONT')
const endBackends = () =>
  superuser.query('SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = $1', [stage.names.api])
const countOf = (name: string) =>
  stage.inSchemaOf(
    'acme',
    async (client) => (await client.query('SELECT FROM products WHERE name = $1', [name])).rowCount,
  )

it('the next request after a thaw succeeds at once, a write without a key as well, though the connection was cut meanwhile', async () => {
  let failed = 0
  expect((await ask('GET', '/products')).status).toBe(200)
  for (let round = 0; round < rounds; round += 1) {
    freeze()
    await (round % 2 === 0 ? endBackends() : Promise.resolve(proxy.cut()))
    await sleep(600)
    const name = `thawed ${round}`
    const answering = ask('POST', '/products', { body: { name, price: '1' } })
    thaw()
    if ((await answering).status !== 201) failed += 1
    expect(await countOf(name)).toBe(1)
  }
  report({ fault: 'frozen and cut', tried: rounds, requests: rounds, lost: 0, doubled: 0, failed, recovery: null })
  expect(failed).toBe(0)
})

it('frozen in the middle of a transaction, it holds its locks no longer than the database lets it, and its work is done once', async () => {
  // 30 s otherwise; its own sessions begin after this.
  await stage.asOwner((client) =>
    client.query(`ALTER DATABASE ${stage.names.database} SET idle_in_transaction_session_timeout = '1s'`),
  )
  const made = JSON.parse((await ask('POST', '/products', { body: { name: 'locked', price: '1' } })).body)
  const change = { body: { price: '2' }, headers: { 'if-match': '*' } }
  // BEGIN and the lock, whose answer is on its way back: then the process stands still.
  let isLocking = false
  let isFrozen = false
  proxy.decide((towards, bytes) => {
    if (towards === 'server' && bytes.includes('FOR UPDATE')) isLocking = true
    if (towards === 'client' && isLocking && !isFrozen) isFrozen = freeze()
    return 'pass'
  })
  const frozen = ask('PATCH', `/products/${made.id}`, change)
  while (!isFrozen) await sleep(5)
  proxy.decide(() => 'pass')
  const lock = stage.inSchemaOf('acme', (client) =>
    client.query('SELECT FROM products WHERE id = $1 FOR UPDATE', [made.id]),
  )
  expect((await lock).rowCount).toBe(1)
  thaw()
  expect((await frozen).status).toBe(503)
  expect((await ask('PATCH', `/products/${made.id}`, change)).status).toBe(200)
  const key = { 'idempotency-key': 'in-the-middle' }
  expect((await ask('POST', '/products', { body: { name: 'once', price: '1' }, headers: key })).status).toBe(201)
  expect(await countOf('once')).toBe(1)
})

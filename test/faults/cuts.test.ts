import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FunctionPool } from '../../local/gateway/function-pool.ts'
import { eventFor } from '../support/call.ts'
import type { CountingProxy, Fate } from '../support/counting-proxy.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'
import { type FaultServer, startFaultServer } from './fault-server.ts'
import { type BundledFunction, bundleFunction } from './function-processes.ts'
import { createRandom, seed } from './random.ts'
import { report } from './report.ts'

/** Orders are placed, with idempotency keys, by functions whose way to the database, and whose database, break at random. */
const cuts = Number(process.env.FAULT_CUTS ?? 40)
const clients = 8

let server: FaultServer
let stage: TestStage
let proxy: CountingProxy
let orders: BundledFunction
let pool: FunctionPool
let productId: string
const random = createRandom(seed)
/** Of the clients, so that the faults are the same however they interleave. */
const chance = createRandom(seed + 1)

beforeAll(async () => {
  server = await startFaultServer()
  stage = await createTestStage('api', { counted: true, master: server.master })
  if (stage.proxy === undefined) throw new Error('the stage has no proxy')
  proxy = stage.proxy
  await stage.createTenant({ slug: 'acme' })
  productId = await stage.inSchemaOf('acme', async (client) => {
    const { rows } = await client.query("INSERT INTO products (name, price) VALUES ('LANTERN', 1.25) RETURNING id")
    return rows[0].id
  })
  orders = await bundleFunction('orders', 4)
  pool = orders.open()
})
afterAll(async () => {
  await pool.stop()
  orders.remove()
  await stage.end()
  await server.remove()
})

interface Placed {
  readonly key: string
  readonly id: string
  readonly quantity: number
}

/** Sends an order until it is placed. */
async function placeOrder(count: { failed: number }): Promise<Placed> {
  const key = randomUUID()
  const quantity = 1 + Math.floor(chance() * 9)
  const event = eventFor('POST', '/orders', {
    tenant: 'acme',
    headers: { 'idempotency-key': key },
    body: { product_id: productId, quantity },
  })
  for (;;) {
    const outcome = await pool.invoke(event)
    const answer = 'result' in outcome ? (outcome.result as { statusCode: number; body: string }) : undefined
    if (answer?.statusCode === 201) return { key, quantity, id: JSON.parse(answer.body).id }
    // Nothing else may happen: no crash of a function, no answer that is not a problem.
    // A machine that is busy may stop a function at its time limit, as Lambda does.
    const isStopped = 'error' in outcome && outcome.error.errorType === 'Sandbox.Timedout'
    if (!isStopped && answer?.statusCode !== 503 && answer?.statusCode !== 409) {
      throw new Error(`an order was answered ${JSON.stringify(outcome)}: ${orders.said()}`)
    }
    count.failed += 1
    await sleep(20)
  }
}

async function asSuperuser(sql: string, values: readonly unknown[] = []): Promise<Record<string, number>[]> {
  const client = new pg.Client(server.superuser())
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql, [...values])).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

const backends = () =>
  asSuperuser("SELECT pid FROM pg_stat_activity WHERE usename = $1 AND backend_type = 'client backend'", [
    stage.names.api,
  ])

/** The next piece on its way, after some that pass, meets its fate; those after it pass. */
function doomNext(fate: Fate): Promise<void> {
  let left = Math.floor(random() * 6)
  return new Promise((resolve) => {
    proxy.decide(() => {
      if (left-- > 0) return 'pass'
      proxy.decide(() => 'pass')
      resolve()
      return fate
    })
  })
}

const faults = {
  reset: () => doomNext('reset'),
  'half-open': () => doomNext('silence'),
  async terminated() {
    const [backend] = await backends()
    if (backend !== undefined) await asSuperuser('SELECT pg_terminate_backend($1)', [backend.pid])
  },
  async killed() {
    const [backend] = await backends()
    if (backend?.pid === undefined) return
    // All sessions end with it, this one too, and the server recovers.
    const witness = new pg.Client(server.superuser())
    // Not events.once, which an error before it would reject.
    const ended = new Promise((resolve) => witness.once('end', resolve))
    witness.on('error', () => undefined)
    await witness.connect()
    process.kill(backend.pid, 'SIGKILL')
    await ended
    const isThere = () =>
      asSuperuser('SELECT 1').then(
        () => true,
        () => false,
      )
    while (!(await isThere())) await sleep(5)
  },
  restarted: () => server.restart(),
} as const

/** Of a hundred: what is quick to mend is most of it. */
const shares: readonly (readonly [keyof typeof faults, number])[] = [
  ['reset', 60],
  ['half-open', 8],
  ['terminated', 24],
  ['killed', 6],
  ['restarted', 2],
]

function draw(): keyof typeof faults {
  let at = random() * 100
  for (const [fault, share] of shares) {
    at -= share
    if (at < 0) return fault
  }
  return 'reset'
}

it('every order is placed exactly once, and is there afterwards, whatever is cut', { timeout: 1_200_000 }, async () => {
  const placed: Placed[] = []
  /** By fault: how often, and how long the longest wait for the next order was, in milliseconds. */
  const tried = new Map<string, { times: number; recovery: number }>()
  const count = { failed: 0 }
  let goesOn = true
  const work = async () => {
    while (goesOn) placed.push(await placeOrder(count))
  }
  const working = Promise.all(Array.from({ length: clients }, work))
  for (let cut = 0; cut < cuts; cut += 1) {
    const fault = cut < shares.length ? (shares[cut]?.[0] ?? 'reset') : draw()
    await faults[fault]()
    const [mended, before] = [performance.now(), placed.length]
    while (placed.length === before) await Promise.race([sleep(2), working])
    const { times, recovery } = tried.get(fault) ?? { times: 0, recovery: 0 }
    tried.set(fault, { times: times + 1, recovery: Math.max(recovery, performance.now() - mended) })
    await sleep(random() * 30)
  }
  goesOn = false
  await working

  const rows = await stage.inSchemaOf('acme', async (client) => {
    const { rows: found } = await client.query<{ id: string; key: string; quantity: number; total: string }>(
      'SELECT o.id, k.key, o.quantity, o.total_price::text AS total FROM orders o LEFT JOIN idempotency_keys k ON k.order_id = o.id',
    )
    return found
  })
  const byKey = Map.groupBy(rows, ({ key }) => key)
  const lost = placed.filter(({ key, id }) => !byKey.get(key)?.some((row) => row.id === id))
  const doubled = rows.length - placed.length
  const all = { requests: placed.length, lost: lost.length, doubled, failed: count.failed }
  for (const [fault, { times, recovery }] of tried) report({ fault, tried: times, ...all, recovery })
  expect({ lost, doubled }).toEqual({ lost: [], doubled: 0 })
  const quantities = new Map(placed.map(({ key, quantity }) => [key, quantity]))
  expect(
    rows.filter((row) => row.quantity !== quantities.get(row.key) || row.total !== (row.quantity * 1.25).toFixed(2)),
  ).toEqual([])
  // Every process that is there goes on serving.
  await Promise.all(Array.from({ length: 20 }, () => placeOrder({ failed: 0 })))
})

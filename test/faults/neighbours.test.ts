import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { GatewayPort } from '../../local/gateway/gateway.ts'
import { changeTenant } from '../../shared/control/list-tenants.ts'
import { addPlan, type PlanChange } from '../../shared/control/plans.ts'
import { keyOf } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'
import { type BundledFunction, bundleFunction, openGateway } from './function-processes.ts'
import { reportNeighbour } from './report.ts'

/** One tenant misbehaves; another, that shares placement, functions and gateway with it, goes on as on a quiet day. */
const rounds = Number(process.env.FAULT_ROUNDS ?? 1)
/** Requests of the quiet tenant in each half of a round, and milliseconds between them. */
const samples = Number(process.env.FAULT_SAMPLES ?? 60)
const pace = 8

let stage: TestStage
let products: BundledFunction
let gateway: GatewayPort
const agent = new Agent({ keepAlive: true, maxSockets: 2_000 })

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'quiet' })
  await stage.inSchemaOf('quiet', (client) =>
    client.query("INSERT INTO products (name, price) SELECT 'LANTERN ' || n, n FROM generate_series(1, 100) AS n"),
  )
  products = await bundleFunction('products', 15)
  gateway = await openGateway('products', products)
})
afterAll(async () => {
  agent.destroy()
  await gateway.close()
  products.remove()
  await stage.end()
})

async function misbehaving(slug: string, plan: PlanChange): Promise<void> {
  await stage.createTenant({ slug })
  await addPlan(stage.control, slug, plan)
  await changeTenant(stage.control, slug, { plan: slug })
}

/** A status, or where there was no answer, the error's code. */
type Status = number | string

/** Asks over HTTP, and answers the status. */
function get(tenant: string, target: string): Promise<Status> {
  return new Promise((resolve) => {
    const headers = { host: 'localhost', 'x-tenant': tenant, authorization: `Bearer ${keyOf(tenant)}` }
    request({ host: '127.0.0.1', port: gateway.port, path: target, agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
      .once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message))
      .end()
  })
}

/** A neighbour that goes on misbehaving until it is told to stop; it then answers the statuses that it was given. */
type Neighbour = () => Promise<() => Promise<readonly Status[]>>

/** So many at once, each again as soon as it is answered. */
const atOnce =
  (clients: number, ask: () => Promise<Status>): Neighbour =>
  async () => {
    const statuses: Status[] = []
    let goesOn = true
    const asking = Promise.all(
      Array.from({ length: clients }, async () => {
        while (goesOn) statuses.push(await ask())
      }),
    )
    return async () => {
      goesOn = false
      await asking
      return statuses
    }
  }

/** One every so many milliseconds, whether or not the last is answered. */
const every =
  (milliseconds: number, ask: () => Promise<Status>): Neighbour =>
  async () => {
    const asked: Promise<Status>[] = []
    const timer = setInterval(() => asked.push(ask()), milliseconds)
    return async () => {
      clearInterval(timer)
      return Promise.all(asked)
    }
  }

/** The quiet tenant's requests, one after the other at its pace: how long each took, in milliseconds. */
async function measureQuiet(): Promise<number[]> {
  const taken: number[] = []
  for (let n = 0; n < samples; n += 1) {
    const begun = performance.now()
    expect(await get('quiet', '/products?limit=20')).toBe(200)
    taken.push(performance.now() - begun)
    await sleep(Math.max(0, pace - (performance.now() - begun)))
  }
  return taken
}

const p99 = (taken: readonly number[]) =>
  taken.toSorted((one, other) => one - other)[Math.floor(taken.length * 0.99)] ?? 0

/** Quiet and disturbed by turns, so that what else the machine does disturbs both alike. */
async function disturb(neighbour: string, begin: Neighbour): Promise<{ statuses: Status[]; seconds: number }> {
  const quiet: number[] = []
  const disturbed: number[] = []
  const statuses: Status[] = []
  let seconds = 0
  // As many processes as there may be: on Lambda a new one takes nothing from the others.
  await Promise.all(Array.from({ length: 20 }, () => get('quiet', '/products?limit=20')))
  await measureQuiet()
  for (let round = 0; round < rounds; round += 1) {
    quiet.push(...(await measureQuiet()))
    const begun = performance.now()
    const stop = await begin()
    await sleep(100)
    disturbed.push(...(await measureQuiet()))
    statuses.push(...(await stop()))
    seconds += (performance.now() - begun) / 1_000
  }
  const refused = statuses.filter((status) => status === 429).length
  reportNeighbour({ neighbour, asked: statuses.length, refused, quiet: p99(quiet), disturbed: p99(disturbed) })
  return { statuses, seconds }
}

const countOf = (statuses: readonly Status[], status: number) => statuses.filter((each) => each === status).length

it('at ten times its rate: it gets its rate, and the other one is always served', async () => {
  const [rate, burst] = [20, 40]
  await misbehaving('eager', { requests_per_second: rate, burst })
  const { statuses, seconds } = await disturb(
    'ten times its rate',
    every(1_000 / (rate * 10), () => get('eager', '/products')),
  )
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  // The bucket is full again after each quiet half. A slice for each process that the gateway may have.
  expect(countOf(statuses, 200)).toBeLessThanOrEqual(rounds * (burst + 10 * (burst / 10)) + rate * seconds)
  expect(countOf(statuses, 429)).toBeGreaterThan(0)
})

it('with statements that run into their limit', async () => {
  await misbehaving('slow', { requests_per_second: 20, statement_ms: 200 })
  await stage.inSchemaOf('slow', (client) =>
    client.query(`ALTER TABLE products RENAME TO kept; CREATE VIEW products AS SELECT kept.* FROM kept, pg_sleep(60);
      SELECT atrium.grant_table('products'); INSERT INTO kept (name, price) VALUES ('x', 1)`),
  )
  const { statuses } = await disturb(
    'slow statements',
    atOnce(4, () => get('slow', '/products')),
  )
  expect(statuses.filter((status) => status !== 503 && status !== 429)).toEqual([])
  expect(countOf(statuses, 503)).toBeGreaterThan(0)
})

it('with the largest pages of the most data', async () => {
  await misbehaving('large', { requests_per_second: 20, page_size: 20 })
  await stage.inSchemaOf('large', (client) =>
    client.query(`INSERT INTO products (name, price, description)
      SELECT 'LANTERN', 1, repeat('x', 5000) FROM generate_series(1, 4000)`),
  )
  const { statuses } = await disturb(
    'largest pages',
    every(10, () => get('large', '/products?limit=200')),
  )
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
})

it('with a thousand requests that are never finished', async () => {
  await misbehaving('absent', { requests_per_second: 20 })
  const head = [
    ...['POST /products HTTP/1.1', 'host: localhost', 'x-tenant: absent', `authorization: Bearer ${keyOf('absent')}`],
    ...['content-type: application/json', 'content-length: 1000', '', '{"name":'],
  ].join('\r\n')
  await disturb('1,000 half-open requests', async () => {
    const sockets: Socket[] = []
    for (let n = 0; n < 1_000; n += 1) {
      const socket = connect(gateway.port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(head)
      sockets.push(socket)
    }
    return async () => {
      for (const socket of sockets) socket.destroy()
      return sockets.map(() => 'unfinished')
    }
  })
  const { rowCount } = await stage.inSchemaOf('absent', (client) => client.query('SELECT FROM products'))
  expect(rowCount).toBe(0)
})

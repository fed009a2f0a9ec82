import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { GatewayPort } from '../../local/gateway/gateway.ts'
import { keyOf } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'
import { type BundledFunction, bundleFunction, openGateway } from './function-processes.ts'
import { report } from './report.ts'

/** The gateway is told to stop, as by SIGTERM, and started again, while orders are placed. */
const stops = Number(process.env.FAULT_STOPS ?? 3)
const clients = 8

let stage: TestStage
let orders: BundledFunction
let gateway: GatewayPort
let productId: string

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme' })
  productId = await stage.inSchemaOf('acme', async (client) => {
    const { rows } = await client.query("INSERT INTO products (name, price) VALUES ('LANTERN', 1.25) RETURNING id")
    return rows[0].id
  })
  orders = await bundleFunction('orders', 15)
  gateway = await openGateway('orders', orders)
})
afterAll(async () => {
  await gateway.close()
  orders.remove()
  await stage.end()
})

interface Placed {
  readonly id: string
  readonly key: string
}

/** Sends an order until it is placed: what is refused is refused by 503, or the connection is not taken any more. */
async function place(count: { failed: number }): Promise<Placed> {
  const key = randomUUID()
  for (;;) {
    const answer = await fetch(`http://localhost:${gateway.port}/orders`, {
      method: 'POST',
      headers: {
        ...{ 'x-tenant': 'acme', authorization: `Bearer ${keyOf('acme')}` },
        ...{ 'content-type': 'application/json', 'idempotency-key': key },
      },
      body: JSON.stringify({ product_id: productId, quantity: 1 }),
    }).catch(() => undefined)
    if (answer?.status === 201) return { key, id: ((await answer.json()) as { id: string }).id }
    if (answer !== undefined) expect(answer.status).toBe(503)
    await answer?.body?.cancel()
    count.failed += 1
    await sleep(20)
  }
}

it('what was taken is finished, what was not is refused, and every order is there once', async () => {
  const placed: Placed[] = []
  const count = { failed: 0 }
  let goesOn = true
  const placing = Promise.all(
    Array.from({ length: clients }, async () => {
      while (goesOn) placed.push(await place(count))
    }),
  )
  for (let stop = 0; stop < stops; stop += 1) {
    const before = placed.length
    while (placed.length < before + 3 * clients) await sleep(5)
    await gateway.close()
    gateway = await openGateway('orders', orders)
  }
  goesOn = false
  await placing
  const { rows } = await stage.inSchemaOf('acme', (client) =>
    client.query<{ id: string; key: string }>(
      'SELECT o.id, k.key FROM orders o JOIN idempotency_keys k ON k.order_id = o.id ORDER BY o.id',
    ),
  )
  const byKey = new Map(rows.map(({ id, key }) => [key, id]))
  const lost = placed.filter(({ key, id }) => byKey.get(key) !== id).length
  const doubled = rows.length - placed.length
  report({
    fault: 'gateway stopped',
    tried: stops,
    requests: placed.length,
    lost,
    doubled,
    failed: count.failed,
    recovery: null,
  })
  expect({ lost, doubled }).toEqual({ lost: 0, doubled: 0 })
})

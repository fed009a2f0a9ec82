import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { examplesFile, readExamples } from '../../api/examples.ts'
import { routes } from '../../functions/routes.ts'
import { createRouteMatcher } from '../../local/gateway/match-route.ts'
import { exampleRequests } from '../../local/invoke/example-requests.ts'
import { collectUsage } from '../../shared/control/collect-usage.ts'
import { changeTenant } from '../../shared/control/list-tenants.ts'
import { addPlan } from '../../shared/control/plans.ts'
import type { RouteDescription } from '../../shared/http/description.ts'
import { type CallOptions, type CallResult, eventFor, invokeUnchecked, keyOf } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

/**
 * Asks for the answers of api/examples.json anew. Those that say the same but for times and request ids stay as they were
 * recorded; where one says something else, `npm run openapi` writes it, and this test fails until it has.
 */

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('api', { counted: true })
  await stage.createTenant({ slug: 'germany' })
  await stage.createTenant({ slug: 'france' })
})
afterAll(() => stage.end())

const ask = (method: string, target: string, options: CallOptions = {}): Promise<CallResult> =>
  invokeUnchecked(eventFor(method, target, { tenant: 'germany', ...options }))
const match = createRouteMatcher(routes)

const lantern = { name: 'PAPER LANTERN', price: '4.25' }
const order = { product_id: '1', quantity: 2 }

/** The answers of all routes whose answers are JSON, by operation. A list and a product are there to be found. */
async function askAll(): Promise<Record<string, unknown>> {
  await ask('POST', '/products', { body: lantern })
  await ask('POST', '/orders', { body: order })
  const answers: Record<string, unknown> = {}
  for (const { method, target, body, headers } of Object.values(exampleRequests)) {
    const route = match(method, target.split('?')[0] ?? '')?.route
    if (route === undefined || method === 'OPTIONS') continue
    const { descriptions }: { descriptions: Record<string, RouteDescription> } = await import(
      `../../functions/${route.function}/description.ts`
    )
    const { id, answers: described } = descriptions[`${method} ${route.path}`] ?? { id: '', answers: {} }
    if (Object.values(described).some((answer) => answer.body === undefined)) continue
    const answer = await ask(method, target, { body, ...(headers && { headers }) })
    expect(Object.keys(described), `${id}: ${answer.text}`).toContain(String(answer.status))
    answers[id] = {
      ...(body === undefined ? {} : { request: body }),
      ...(answer.text.length > 10_000 ? {} : { body: answer.body }),
    }
  }
  return answers
}

async function setStatus(slug: string, status: string): Promise<void> {
  await stage.createTenant({ slug })
  await stage.asOwner((client) =>
    client.query('UPDATE catalog.tenants SET status = $2 WHERE slug = $1', [slug, status]),
  )
}

/** One request for each problem that a tenant's caller can meet. The database is out of reach from the last on. */
const problems: Readonly<Record<string, () => Promise<CallResult>>> = {
  tenant_not_named: () => invokeUnchecked(eventFor('GET', '/products', { credential: keyOf('germany') })),
  tenant_name_malformed: () => ask('GET', '/products', { headers: { 'x-tenant': 'Müller & Co' } }),
  tenant_names_disagree: () => ask('GET', '/products', { headers: { domain: 'france.api.test' } }),
  invalid_request: () => ask('POST', '/orders', { body: { product_id: '1', quantity: 0 } }),
  unauthenticated: () => ask('GET', '/products', { credential: null }),
  other_tenant: () => ask('GET', '/products', { credential: keyOf('france') }),
  async scope_missing() {
    const { key } = await stage.createKey('france', { scopes: ['products:read'] })
    return ask('GET', '/orders', { tenant: 'france', credential: key })
  },
  async rate_limited() {
    await stage.createTenant({ slug: 'eager' })
    await addPlan(stage.control, 'one-an-hour', { requests_per_second: 1 / 3_600, burst: 1 })
    await changeTenant(stage.control, 'eager', { plan: 'one-an-hour' })
    for (let n = 0; n < 2; n += 1) await ask('GET', '/products', { tenant: 'eager' })
    return ask('GET', '/products', { tenant: 'eager' })
  },
  async plan_exceeded() {
    await stage.createTenant({ slug: 'large' })
    await addPlan(stage.control, 'one-row', { row_limit: 1 })
    await changeTenant(stage.control, 'large', { plan: 'one-row' })
    await stage.inSchemaOf('large', (client) =>
      client.query(`INSERT INTO products (name, price) VALUES ('one', 1), ('two', 2)`),
    )
    await collectUsage(stage.control, 'main')
    return ask('POST', '/products', { tenant: 'large', body: lantern })
  },
  async tenant_suspended() {
    await setStatus('suspended', 'suspended')
    return ask('GET', '/products', { tenant: 'suspended' })
  },
  async tenant_not_ready() {
    await setStatus('early', 'provisioning')
    return ask('GET', '/products', { tenant: 'early' })
  },
  async tenant_moving() {
    await setStatus('moving', 'moving')
    return ask('POST', '/products', { tenant: 'moving', body: lantern })
  },
  async tenant_behind() {
    await stage.createTenant({ slug: 'behind' })
    await stage.asOwner((client) =>
      client.query(`WITH behind AS (UPDATE catalog.tenants SET version = 1 WHERE slug = 'behind' RETURNING schema_name)
        UPDATE atrium.tenant_versions v SET version = 1 FROM behind WHERE behind.schema_name = v.schema_name`),
    )
    return ask('GET', '/products', { tenant: 'behind' })
  },
  malformed_body: () => ask('POST', '/orders', { body: '{"product_id":' }),
  body_too_large: () => ask('POST', '/products', { body: { ...lantern, description: 'x'.repeat(300_000) } }),
  unsupported_media_type: () => ask('POST', '/products', { body: 'name=x', headers: { 'content-type': 'text/plain' } }),
  invalid_idempotency_key: () => ask('POST', '/orders', { body: order, headers: { 'idempotency-key': 'one, two' } }),
  async idempotency_key_reused() {
    const headers = { 'idempotency-key': 'order-4711' }
    await ask('POST', '/orders', { headers, body: order })
    return ask('POST', '/orders', { headers, body: { ...order, quantity: 3 } })
  },
  idempotency_in_flight: () =>
    stage.inSchemaOf('germany', async (client) => {
      await client.query(
        `INSERT INTO idempotency_keys (route, key, fingerprint) VALUES ('POST /orders', 'slow', sha256(''))`,
      )
      return ask('POST', '/orders', { headers: { 'idempotency-key': 'slow' }, body: order })
    }),
  precondition_failed: () => ask('PATCH', '/products/1', { headers: { 'if-match': '"old"' }, body: { price: '1.00' } }),
  not_found: () => ask('GET', '/orders/999999999'),
  unknown_product: () => ask('POST', '/orders', { body: { ...order, product_id: '999999999' } }),
  async price_required() {
    const free = await ask('POST', '/products', { body: { name: 'SAMPLE', price: '0' } })
    return ask('POST', '/orders', { body: { ...order, product_id: free.body.id } })
  },
  amount_too_large: () =>
    ask('POST', '/orders', { body: { ...order, quantity: 2_000_000_000, unit_price: '9999999999' } }),
  async conflict() {
    const own = await stage.createTenant({ slug: 'own-rules' })
    await stage.inSchemaOf(own.slug, (client) => client.query('CREATE UNIQUE INDEX ON products (name)'))
    await ask('POST', '/products', { tenant: own.slug, body: lantern })
    return ask('POST', '/products', { tenant: own.slug, body: lantern })
  },
  product_has_orders: () => ask('DELETE', '/products/1'),
  async timed_out() {
    await stage.createTenant({ slug: 'slow' })
    await ask('POST', '/products', { tenant: 'slow', body: lantern })
    await stage.inSchemaOf('slow', (client) =>
      client.query(`ALTER TABLE products RENAME TO kept;
        CREATE VIEW products AS SELECT kept.* FROM kept, pg_sleep(60);
        SELECT atrium.grant_table('products')`),
    )
    return ask('GET', '/products', { tenant: 'slow' })
  },
  async internal() {
    await stage.createTenant({ slug: 'broken' })
    await stage.inSchemaOf('broken', (client) => client.query('DROP TABLE orders CASCADE'))
    return ask('GET', '/orders', { tenant: 'broken' })
  },
  async unavailable() {
    await stage.cutDatabase()
    return ask('GET', '/products')
  },
}

/** What differs each time. */
const volatile: ReadonlySet<string> = new Set(['instance', 'created_at', 'order_date'])

/** The fresh value with what differs each time taken from the recorded one. */
function settle(fresh: unknown, recorded: unknown): unknown {
  if (typeof fresh !== 'object' || fresh === null || typeof recorded !== 'object' || recorded === null) return fresh
  if (Array.isArray(fresh)) return fresh.map((item, index) => settle(item, Object.values(recorded)[index]))
  const before = new Map<string, unknown>(Object.entries(recorded))
  return Object.fromEntries(
    Object.entries(fresh).map(([name, value]) => [
      name,
      volatile.has(name) && before.has(name) ? before.get(name) : settle(value, before.get(name)),
    ]),
  )
}

it("the description's examples are what the API answers", async () => {
  const answers = await askAll()
  const refused: Record<string, unknown> = {}
  for (const [code, provoke] of Object.entries(problems)) {
    const { body, text } = await provoke()
    expect(body?.type, text).toBe(`/docs/problems#${code.replaceAll('_', '-')}`)
    refused[code] = body
  }
  const settled = settle({ answers, problems: refused }, readExamples())
  await expect(`${JSON.stringify(settled, null, 2)}\n`).toMatchFileSnapshot(fileURLToPath(examplesFile))
})

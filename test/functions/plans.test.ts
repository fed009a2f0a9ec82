import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { collectUsage } from '../../shared/control/collect-usage.ts'
import { changeTenant, getTenant } from '../../shared/control/list-tenants.ts'
import { listDailyUsage, listUsage } from '../../shared/control/list-usage.ts'
import { addPlan, type PlanLimits, updatePlan } from '../../shared/control/plans.ts'
import { withTenantTransaction } from '../../shared/db/tenant-database.ts'
import { applicationDirectory } from '../../shared/http/application-catalog.ts'
import { type CallOptions, type CallResult, call } from '../support/call.ts'
import { takeLogLines } from '../support/log-lines.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let slug: string
let plans = 0

beforeAll(async () => {
  stage = await createTestStage('api', { counted: true })
  await stage.createTenant({ slug: 'other' })
})
afterAll(() => stage.end())
beforeEach(async () => {
  plans += 1
  slug = (await stage.createTenant({ slug: `shop-${plans}` })).slug
})

const ask = (method = 'GET', target = '/products', options: CallOptions = {}) =>
  call(method, target, { tenant: slug, ...options })
const make = (price = '1') => ask('POST', '/products', { body: { name: 'LANTERN', price } })

/** The tenant's plan from now on, in this instance at once. */
async function plan(limits: Partial<PlanLimits>): Promise<void> {
  await addPlan(stage.control, slug, limits)
  await changeTenant(stage.control, slug, { plan: slug })
  await forget()
}

async function forget(): Promise<void> {
  const tenant = await applicationDirectory().find({ kind: 'slug', slug })
  if (tenant !== undefined) applicationDirectory().forget(tenant)
}

const statuses = (answers: readonly CallResult[]) => answers.map(({ status }) => status)
const times = async (count: number, work: () => Promise<CallResult>): Promise<CallResult[]> => {
  const answers: CallResult[] = []
  for (let n = 0; n < count; n += 1) answers.push(await work())
  return answers
}

describe('a rate', () => {
  it('lets the burst in, and refuses the rest with what to wait for; other tenants never notice', async () => {
    await plan({ requests_per_second: 0.05, burst: 3 })
    const answers = await times(8, () => ask())
    // One more than the burst: the slice that an instance may give on credit.
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 429, 429, 429, 429])
    const refused = answers.at(-1)
    if (refused === undefined) throw new Error('nobody was refused')
    expectProblem(refused, 429, 'rate-limited')
    expect(refused.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^(?:19|20)$/),
      ratelimit: expect.stringMatching(/^"plan";r=0;t=(?:19|20)$/),
      'ratelimit-policy': '"plan";q=3;w=60',
    })
    expect(answers[0]?.headers.ratelimit).toBe('"plan";r=2;t=20')
    const others = await times(20, () => ask('GET', '/products', { tenant: 'other' }))
    expect(new Set(statuses(others))).toEqual(new Set([200]))
    expect(others[0]?.headers.ratelimit).toBeUndefined()
  })

  it('counts what is refused for another reason, and what is rolled back', async () => {
    await plan({ requests_per_second: 0.05, burst: 4 })
    expect(statuses(await times(2, () => ask('GET', '/products?limit=nonsense')))).toEqual([400, 400])
    const unknown = { body: { product_id: '1', quantity: 1 }, headers: { 'idempotency-key': 'k' } }
    expect(statuses(await times(4, () => ask('POST', '/orders', unknown)))).toEqual([422, 422, 422, 429])
  })

  it('costs no round trip, and the database nothing while it refuses', async () => {
    await plan({ requests_per_second: 1, burst: 40 })
    await ask()
    stage.takeFlights()
    expect((await ask()).status).toBe(200)
    expect(stage.takeFlights()).toBe(1)
    while ((await ask()).status === 200);
    stage.takeFlights()
    expect((await ask()).status).toBe(429)
    expect(stage.takeFlights()).toBe(0)
  })

  it('does not keep a tenant from being served when it cannot be kept', async () => {
    await plan({ requests_per_second: 1, burst: 1 })
    await stage.asOwner((client) => client.query('ALTER TABLE atrium.rate_leases RENAME TO away'))
    try {
      expect(statuses(await times(4, () => ask()))).toEqual([200, 200, 200, 200])
    } finally {
      await stage.asOwner((client) => client.query('ALTER TABLE atrium.away RENAME TO rate_leases'))
    }
    expect(JSON.stringify(takeLogLines())).toContain('a rate was not kept')
  })

  it('is told of to pages as well', async () => {
    await plan({ requests_per_second: 1, burst: 1 })
    const [answer] = await times(1, () => ask('GET', '/products', { headers: { origin: 'https://console.test' } }))
    expect(answer?.headers['access-control-expose-headers']).toContain('ratelimit')
  })
})

describe('a plan', () => {
  it('ends a statement that takes longer', async () => {
    await plan({ statement_ms: 50 })
    await stage.inSchemaOf(slug, (client) =>
      client.query(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(10); RETURN NEW; END';
        CREATE TRIGGER slow BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION slow()`),
    )
    const begun = performance.now()
    expectProblem(await make(), 503, 'timed-out')
    // Long before the 10 s that a statement may take else: the limit is this plan's.
    expect(performance.now() - begun).toBeLessThan(9_000)
  })

  it('makes pages smaller than was asked for, and every row is reached', async () => {
    for (let n = 0; n < 5; n += 1) expect((await make()).status).toBe(201)
    await plan({ page_size: 2 })
    const ids: string[] = []
    let target = '/products?limit=4'
    for (;;) {
      const { body } = await ask('GET', target)
      expect(body.items.length).toBeLessThanOrEqual(2)
      ids.push(...body.items.map(({ id }: { id: string }) => id))
      if (body.next_cursor === null) break
      target = `/products?limit=4&cursor=${body.next_cursor}`
    }
    expect(ids).toEqual(['1', '2', '3', '4', '5'])
  })

  it.each([
    ['rows', { row_limit: 2 }],
    ['room', { storage_bytes: 150 }],
  ])('that allows no more %s refuses what adds to them, until there is room or another plan', async (what, limits) => {
    await plan(limits)
    const headers = { 'idempotency-key': 'before' }
    const first = await ask('POST', '/products', { body: { name: 'LANTERN', price: '1' }, headers })
    for (let n = 0; n < 2; n += 1) expect((await make()).status).toBe(201)
    await collectUsage(stage.control, 'main')
    await forget()
    const refused = await make()
    expectProblem(refused, 403, 'plan-exceeded')
    expect(refused.body.detail).toContain(what)
    expectProblem(await ask('PATCH', '/products/1', { body: { price: '2' } }), 403, 'plan-exceeded')
    expect((await ask()).status).toBe(200)
    // What was done before its key is answered as before; another key would add.
    const again = await ask('POST', '/products', { body: { name: 'LANTERN', price: '1' }, headers })
    expect(again).toMatchObject({ status: 201, text: first.text, headers: { 'idempotency-replayed': 'true' } })
    const late = { body: { name: 'LANTERN', price: '1' }, headers: { 'idempotency-key': 'late' } }
    expectProblem(await ask('POST', '/products', late), 403, 'plan-exceeded')
    for (const id of ['1', '2']) expect((await ask('DELETE', `/products/${id}`)).status).toBe(204)
    await collectUsage(stage.control, 'main')
    await forget()
    expect((await make()).status).toBe(201)
  })
})

it('a lower limit holds nobody back by an estimate: it is measured first', async () => {
  for (let n = 0; n < 2; n += 1) expect((await make()).status).toBe(201)
  await collectUsage(stage.control, 'main')
  // Two rows take some hundred bytes, their table 8 KiB, which is what was noted while there was no limit.
  await plan({ storage_bytes: 4_000 })
  expect((await make()).status).toBe(201)
  await collectUsage(stage.control, 'main')
  await forget()
  expect((await make()).status).toBe(201)
})

it('a limit that is lifted lets write again, although another has come that is not measured yet', async () => {
  await plan({ row_limit: 1 })
  for (let n = 0; n < 2; n += 1) expect((await make()).status).toBe(201)
  await collectUsage(stage.control, 'main')
  await forget()
  expectProblem(await make(), 403, 'plan-exceeded')
  await updatePlan(stage.control, slug, { row_limit: null, storage_bytes: 10 })
  await forget()
  expect((await make()).status).toBe(201)
  await collectUsage(stage.control, 'main')
  await forget()
  expectProblem(await make(), 403, 'plan-exceeded')
})

describe('usage', () => {
  const today = () => new Date().toISOString().slice(0, 10)
  const days = () => ({ from: today(), to: today() })
  let minutes = 0
  /** A minute after everything so far. */
  const later = async (work: () => Promise<unknown>) => {
    minutes += 1
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 61_000 })
    await work()
    vi.useRealTimers()
  }
  /** What every tenant has asked for, once all that was counted has been said. */
  const collected = async () => {
    await later(() => ask('GET', '/products', { tenant: 'other' }))
    await collectUsage(stage.control, 'main')
    return listDailyUsage(stage.control, slug, days())
  }

  it('is summed by the day: requests, throttled, errors, rows and bytes, as the log tells them', async () => {
    takeLogLines()
    await plan({ requests_per_second: 0.01, burst: 3 })
    await make()
    await make()
    await ask()
    await ask('GET', '/products/7')
    expect((await ask()).status).toBe(429)
    const lines = takeLogLines().filter(({ message, tenant }) => message === 'request' && tenant === slug)
    const [day] = await collected()
    expect(day).toMatchObject({ day: today(), requests: 5, throttled: 1, errors: 0, rows: 4 })
    const sum = (name: string) => lines.reduce((total, line) => total + Number(line[name]), 0)
    expect(day).toMatchObject({ requests: lines.length, rows: sum('rows'), bytes: sum('bytes') })
    expect(day?.database_ms).toBeCloseTo(sum('databaseMs'), 0)
    expect(day?.bytes).toBeGreaterThan(500)
  })

  it('is said at most once a minute, along with work, and collecting it twice changes nothing', async () => {
    await ask()
    const before = await collected()
    stage.takeFlights()
    for (let n = 0; n < 10; n += 1) await ask()
    expect(stage.takeFlights()).toBe(10)
    await collectUsage(stage.control, 'main')
    expect(await listDailyUsage(stage.control, slug, days())).toEqual(before)
    const after = await collected()
    expect(after[0]?.requests).toBe(Number(before[0]?.requests) + 10)
    await collectUsage(stage.control, 'main')
    expect(await listDailyUsage(stage.control, slug, days())).toEqual(after)
  })

  it("keeps no request waiting for a lock of its own tables, or of the tokens'", async () => {
    await plan({ requests_per_second: 1, burst: 20 })
    await ask()
    await stage.asOwner(async (client) => {
      await client.query('LOCK TABLE atrium.usage, atrium.rate_leases')
      const answers: CallResult[] = []
      await later(async () => answers.push(await make(), await ask()))
      // Their notes gave up; what they were for is done once, and told.
      expect(statuses(answers)).toEqual([201, 200])
    })
    expect((await ask()).body.items).toHaveLength(1)
  })

  it('of a tenant that somebody holds locked leaves the others measured', async () => {
    await plan({ row_limit: 1 })
    for (let n = 0; n < 3; n += 1) await make()
    await stage.inSchemaOf('other', async (client) => {
      await client.query('LOCK TABLE products')
      await collectUsage(stage.control, 'main')
    })
    await forget()
    expectProblem(await make(), 403, 'plan-exceeded')
  })

  it('counts the rows of work that was done again once', async () => {
    let tries = 0
    let rows = 0
    const tenant = await getTenant(stage.control, slug)
    await withTenantTransaction(
      stage.pools,
      tenant.ref,
      {},
      async (db) => {
        await db.read('SELECT generate_series(1, 100) AS n', [])
        tries += 1
        if (tries < 3) await db.write(`DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$`, [])
      },
      {
        onRows: (more) => {
          rows += more
        },
      },
    )
    expect({ tries, rows }).toEqual({ tries: 3, rows: 100 })
  })

  it('that the server refused to write is said again', async () => {
    await collected()
    await ask()
    await stage.asOwner((client) => client.query('ALTER TABLE atrium.usage RENAME TO away'))
    await later(ask)
    await stage.asOwner((client) => client.query('ALTER TABLE atrium.away RENAME TO usage'))
    await later(ask)
    await collectUsage(stage.control, 'main')
    expect((await listDailyUsage(stage.control, slug, days()))[0]?.requests).toBe(2)
  })

  it('of every tenant comes with what it has, and what is over by days stays in the catalog alone', async () => {
    await ask()
    // In one transaction, so that the server counts the row once: what another session has written it may hear of later.
    await stage.inSchemaOf(slug, (client) =>
      client.query(`BEGIN; INSERT INTO products (name, price) VALUES ('LANTERN', 1); ANALYZE products; COMMIT`),
    )
    await stage.asOwner((client) =>
      client.query(
        `INSERT INTO atrium.usage SELECT id, current_date - 9, 7, 0, 1, 2.5, 3, 4 FROM catalog.tenants WHERE slug = '${slug}'`,
      ),
    )
    await collected()
    const { rows } = await stage.asOwner((client) =>
      client.query('SELECT FROM atrium.usage WHERE day < current_date - 2'),
    )
    expect(rows).toEqual([])
    const old = new Date(Date.now() - 9 * 86_400_000).toISOString().slice(0, 10)
    const [range, page] = [
      { from: old, to: today() },
      { after: '0', limit: 1_000 },
    ]
    const mine = (await listUsage(stage.control, range, page)).find(({ tenant }) => tenant === slug)
    expect(mine).toMatchObject({ requests: 8, errors: 1, stored_rows: 1 })
    expect(mine?.stored_bytes).toBeGreaterThan(10_000)
  })
})

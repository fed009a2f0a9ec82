import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { changeTenant, getTenant } from '../../../shared/control/list-tenants.ts'
import { addPlan } from '../../../shared/control/plans.ts'
import { leaveTenant } from '../../../shared/db/notes.ts'
import { queryPrefaced, type Statement } from '../../../shared/db/prefaced-statement.ts'
import { createRateLeases, type RateLeases, RateLimited } from '../../../shared/tenancy/rate-leases.ts'
import type { Tenant } from '../../../shared/tenancy/tenant.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let client: pg.Client
let draws = 0

beforeAll(async () => {
  stage = await createTestStage()
  client = new pg.Client({ ...stage.connection('api'), pipeline: true })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await stage.end()
})

/** A tenant of its own with a plan of its own. */
async function tenantWith(rate: number, burst: number): Promise<Tenant> {
  const { slug } = await stage.createTenant()
  await addPlan(stage.control, slug, { requests_per_second: rate, burst })
  await changeTenant(stage.control, slug, { plan: slug })
  return getTenant(stage.control, slug)
}

const draw = async (statement: Statement) => {
  draws += 1
  return (await queryPrefaced(client, leaveTenant, statement)).rows
}

/** A request of an instance: whether it was let in. What it notes goes along with its work. */
async function ask(leases: RateLeases, tenant: Tenant): Promise<boolean> {
  try {
    await leases.take(tenant, draw)
  } catch (error) {
    if (error instanceof RateLimited) return false
    throw error
  }
  for (const { statement, answered } of leases.notesFor(tenant)()) answered?.(await draw(statement))
  return true
}

/** How many requests were let in until one was refused; a thousand at most. */
async function askUntilRefused(leases: RateLeases, tenant: Tenant): Promise<number> {
  for (let admitted = 0; ; admitted += 1) if (admitted === 1_000 || !(await ask(leases, tenant))) return admitted
}

it('lets no more in over all instances than the burst, what has grown since, and a slice for each', async () => {
  const [rate, burst, instances] = [50, 40, 8]
  const tenant = await tenantWith(rate, burst)
  const begun = performance.now()
  const counts = await Promise.all(
    Array.from({ length: instances }, async () => {
      const leases = createRateLeases()
      let admitted = 0
      while (performance.now() - begun < 1_500) {
        if (await ask(leases, tenant)) admitted += 1
        await new Promise(setImmediate)
      }
      return admitted
    }),
  )
  const grown = ((performance.now() - begun) / 1_000) * rate
  const admitted = counts.reduce((sum, count) => sum + count, 0)
  expect(admitted).toBeLessThanOrEqual(burst + grown + instances * (burst / 10))
  // What is refused is refused for a reason: nothing that has grown is left lying but what instances hold.
  expect(admitted).toBeGreaterThanOrEqual(burst + grown / 2 - instances * (burst / 10))
})

it('asks the database at most once a slice, and not at all while it knows that there is no token', async () => {
  const tenant = await tenantWith(0.01, 100)
  const leases = createRateLeases()
  draws = 0
  let admitted = 0
  admitted += await askUntilRefused(leases, tenant)
  // All of the burst, and what was given on credit: a tenth of it at most.
  expect(admitted).toBeGreaterThanOrEqual(100)
  expect(admitted).toBeLessThanOrEqual(110)
  expect(draws).toBeLessThan(40)
  draws = 0
  for (let n = 0; n < 100; n += 1) expect(await ask(leases, tenant)).toBe(false)
  expect(draws).toBe(0)
})

it('counts what was given on credit: an instance is not let off by failing', async () => {
  const tenant = await tenantWith(0.01, 3)
  const leases = createRateLeases()
  const take = () => leases.take(tenant, draw)
  // No work follows, so nothing is noted.
  await take()
  await take()
  await take()
  await take()
  await expect(take()).rejects.toMatchObject({ code: 'rate_limited', rate: { remaining: 0, resetIn: 100 } })
})

it('is of no account for a plan without a rate', async () => {
  const tenant = await stage.createTenant()
  const leases = createRateLeases()
  draws = 0
  for (let n = 0; n < 1_000; n += 1) expect(await ask(leases, tenant)).toBe(true)
  expect(draws).toBe(0)
  expect(await leases.take(tenant, draw)).toBeUndefined()
})

it('refuses nobody who stays below the rate, though many instances serve him by turns', async () => {
  const tenant = await tenantWith(20, 40)
  const instances = Array.from({ length: 20 }, () => createRateLeases())
  // The bucket's own clock is the server's: it is asked for what has grown in fact.
  const begun = performance.now()
  let asked = 0
  while (performance.now() - begun < 2_000) {
    // Four fifths of the rate, and the burst to begin with.
    const allowed = 30 + ((performance.now() - begun) / 1_000) * 16
    if (asked < allowed) {
      expect(await ask(instances[(asked * 7) % 20] ?? createRateLeases(), tenant)).toBe(true)
      asked += 1
    } else await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(asked).toBeGreaterThan(50)
})

it('tells no more than the burst, and nothing negative', async () => {
  const tenant = await tenantWith(100, 50)
  const leases = createRateLeases()
  for (let n = 0; n < 100; n += 1) {
    const state = await leases.take(tenant, draw).catch((error) => error.rate)
    expect(state.remaining).toBeLessThanOrEqual(50)
    expect(state.remaining).toBeGreaterThanOrEqual(0)
    expect(state.resetIn).toBeGreaterThanOrEqual(0)
    for (const { statement, answered } of leases.notesFor(tenant)()) answered?.(await draw(statement))
  }
})

it('forgets a refusal with the plan that it was by, and when the clock is set back', async () => {
  let now = Date.now()
  const tenant = await tenantWith(0.01, 1)
  const leases = createRateLeases(() => now)
  await askUntilRefused(leases, tenant)
  const raised = { ...tenant, limits: { ...tenant.limits, perSecond: 1_000, burst: 2_000 } }
  await ask(leases, raised)
  now += 50 // by when the bucket has a token at the new rate
  expect(await ask(leases, raised)).toBe(true)
  await askUntilRefused(leases, tenant)
  draws = 0
  expect(await ask(leases, tenant)).toBe(false)
  expect(draws).toBe(0)
  now -= 3_600_000
  await ask(leases, tenant)
  expect(draws).toBe(1)
})

it('gives an instance that was idle no more than its credit', async () => {
  let now = Date.now()
  const tenant = await tenantWith(0.01, 100)
  const leases = createRateLeases(() => now)
  for (let n = 0; n < 10; n += 1) await ask(leases, tenant)
  now += 1_000
  const other = createRateLeases(() => now)
  let admitted = 10
  admitted += await askUntilRefused(other, tenant)
  admitted += await askUntilRefused(leases, tenant)
  expect(admitted).toBeLessThanOrEqual(100 + 2 * 10)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { interleave } from '../support/interleave.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
const tenants: Tenant[] = []

beforeAll(async () => {
  stage = await createTestStage()
  for (let n = 0; n < 5; n += 1) tenants.push(await stage.createTenant())
})
afterAll(() => stage.end())

it('5,000 interleaved transactions of five tenants on one connection read not one wrong row, and lose no write', async () => {
  const pools = createDirectPools(stage.connection('api'))
  const { wrong, rows, written, sharedBackends } = await interleave(pools, tenants, 5_000)
  await pools.end()
  expect({ wrong, sharedBackends }).toEqual({ wrong: 0, sharedBackends: 1 })
  expect(rows).toBeGreaterThan(10_000)
  for (const { slug } of tenants) {
    const { rows: found } = await stage.inSchemaOf(slug, (client) =>
      client.query('SELECT name, count(*)::int AS n FROM products GROUP BY name'),
    )
    expect(found).toEqual([{ name: slug, n: written.get(slug) }])
  }
})

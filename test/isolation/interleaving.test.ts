import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { interleave, requireOwnRows } from '../support/interleave.ts'
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
  const done = await interleave(pools, tenants, 5_000)
  await pools.end()
  expect({ wrong: done.wrong, sharedBackends: done.sharedBackends }).toEqual({ wrong: 0, sharedBackends: 1 })
  expect(done.rows).toBeGreaterThan(10_000)
  await requireOwnRows(stage, tenants, done)
})

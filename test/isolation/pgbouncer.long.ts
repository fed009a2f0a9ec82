import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCatalog } from '../../shared/db/catalog.ts'
import { proveSeparation } from '../../shared/tenancy/prove-separation.ts'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { interleave, requireOwnRows } from '../support/interleave.ts'
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let pgbouncer: PgBouncer
const tenants: Tenant[] = []

beforeAll(async () => {
  stage = await createTestStage()
  for (let n = 0; n < 8; n += 1) tenants.push(await stage.createTenant())
  pgbouncer = await startPgBouncer(stage.connection('api'))
})
afterAll(async () => {
  await pgbouncer.stop()
  await stage.end()
})

const openPools = (size: number) => createDirectPools(stage.connection('api'), { port: pgbouncer.port, size })

it('100,000 interleaved transactions of eight tenants through PgBouncer, over one server connection: not one wrong row', {
  timeout: 600_000,
}, async () => {
  const pools = openPools(8)
  const done = await interleave(pools, tenants, 100_000)
  await pools.end()
  expect({ wrong: done.wrong, sharedBackends: done.sharedBackends }).toEqual({ wrong: 0, sharedBackends: 1 })
  expect(done.rows).toBeGreaterThan(400_000)
  await requireOwnRows(stage, tenants, done)
})

it('the doctor, too, finds two tenants on one backend behind it, and cannot mix them up', async () => {
  const pools = openPools(4)
  const [a, b] = tenants
  if (a === undefined || b === undefined) throw new Error('there are no tenants')
  expect(await proveSeparation(pools, a.ref, b.ref)).toEqual({ transactions: 400, sharedBackends: 1, breaches: [] })
  await pools.end()
})

it("a setting that one client leaves on the shared connection is no other client's", async () => {
  const [one, other] = [openPools(1), openPools(1)]
  const [a, b] = tenants
  await one.withClient('main', 'write', async (client) => {
    await client.query(`SET ROLE ${a?.ref.schema}`)
    await client.query(`SET search_path = ${a?.ref.schema}`)
  })
  if (b === undefined) throw new Error('there are no tenants')
  const proof = await interleave(other, [b], 20)
  expect(proof.wrong).toBe(0)
  const [login] = await readCatalog<{ role: string }>(other, 'main', {
    text: 'SELECT current_user::text AS role',
    values: [],
  })
  expect(login).toEqual({ role: stage.names.api })
  await Promise.all([one.end(), other.end()])
})

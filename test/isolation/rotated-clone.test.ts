import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { readCatalog } from '../../shared/db/catalog.ts'
import type { Pools } from '../../shared/db/pools.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import { provisionTenant } from '../../shared/tenancy/provision-tenant.ts'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

/**
 * Rotation with alternating users makes a second login, which is a member of the first and has none of its attributes nor
 * settings (AWS's rotation function: CREATE USER … , GRANT first TO second). Everything works from it alike.
 */
let stage: TestStage
let tenant: Tenant
const clones = {} as Record<'api' | 'control', pg.ClientConfig>
const pools = {} as Record<'api' | 'control', Pools>

beforeAll(async () => {
  stage = await createTestStage()
  tenant = await stage.createTenant()
  const master = new pg.Client(inject('master'))
  await master.connect()
  for (const login of ['api', 'control'] as const) {
    const [user, password] = [`${stage.names[login]}_clone`, randomBytes(18).toString('hex')]
    await master.query(`CREATE USER ${user} WITH PASSWORD '${password}'; GRANT ${stage.names[login]} TO ${user}`)
    clones[login] = { ...stage.connection(login), user, password }
    pools[login] = createDirectPools(clones[login], { size: 2 })
  }
  await master.end()
})
afterAll(async () => {
  await Promise.all([pools.api.end(), pools.control.end()])
  await stage.end()
})

describe("the clone of the API's login", () => {
  it('reads the catalog and works in a tenant, also in one that was made since', async () => {
    const db = openTenantDatabase(pools.api, tenant.ref)
    await db.write("INSERT INTO products (name, price) VALUES ('by the clone', 1)", [])
    const later = await stage.createTenant()
    expect(await openTenantDatabase(pools.api, later.ref).read('SELECT name FROM products', [])).toEqual([])
    const rows = await readCatalog<{ role: string }>(pools.api, 'main', {
      text: 'SELECT current_user::text AS role, key_hash IS NOT NULL AS known FROM catalog.api_keys LIMIT 1',
      values: [],
    })
    expect(rows).toEqual([{ role: clones.api.user, known: true }])
  })

  it('reads no tenant without switching to its role, and inherits none', async () => {
    const client = new pg.Client(clones.api)
    await client.connect()
    await expect(client.query(`SELECT * FROM ${tenant.ref.schema}.products`)).rejects.toMatchObject({ code: '42501' })
    await client.end()
  })

  it('has the timeouts of the database, for a function that is frozen in the middle of a transaction', async () => {
    const client = new pg.Client(clones.api)
    await client.connect()
    const { rows } = await client.query(
      `SELECT current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle,
         current_setting('idle_session_timeout') AS session`,
    )
    expect(rows).toEqual([{ statement: '30s', idle: '30s', session: '20min' }])
    await client.end()
  })
})

it("the clone of the control plane's login creates as the owner, so that the first login may go on with it", async () => {
  const control = { pools: pools.control, catalog: 'main' }
  const request = { slug: 'by-the-clone', name: 'By the clone', domains: [] }
  const { tenant: made } = await provisionTenant(control, request)
  const { rows } = await stage.asOwner((client) =>
    client.query('SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = $1', [made.ref.schema]),
  )
  expect(rows).toEqual([{ owner: stage.names.owner }])
  expect((await provisionTenant(stage.control, request)).created).toBe(false)
  expect(await openTenantDatabase(pools.api, made.ref).read('SELECT name FROM products', [])).toEqual([])
})

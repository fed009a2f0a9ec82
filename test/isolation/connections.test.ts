import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { readCatalog } from '../../shared/db/catalog.ts'
import type { Pools } from '../../shared/db/pools.ts'
import { sqlStateOf } from '../../shared/db/sql-states.ts'
import { openTenantDatabase, type TenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let a: Tenant
let b: Tenant
let pools: Pools
let dbOf: (tenant: Tenant) => TenantDatabase

beforeAll(async () => {
  stage = await createTestStage('api', { pinsOnPurpose: true })
  a = await stage.createTenant()
  b = await stage.createTenant()
  for (const { slug } of [a, b]) {
    await stage.inSchemaOf(slug, (client) =>
      client.query('INSERT INTO products (name, price) VALUES ($1, 1)', [`of ${slug}`]),
    )
  }
})
afterAll(() => stage.end())
beforeEach(() => {
  // One connection, which whoever comes next gets as it was left.
  pools = createDirectPools(stage.connection('api'))
  dbOf = (tenant) => openTenantDatabase(pools, tenant.ref)
})
afterEach(() => pools.end())

const backend = 'SELECT pg_backend_pid() AS pid'
const names = 'SELECT name, pg_backend_pid() AS pid FROM products'

/** What the next user of the connection finds: B, the catalog, and the state between transactions. */
async function whatComesNext(pid: number): Promise<void> {
  expect(await dbOf(b).read(names, [])).toEqual([{ name: `of ${b.slug}`, pid }])
  const [login] = await readCatalog<{ role: string; path: string }>(pools, 'main', {
    text: `SELECT current_user::text AS role, current_setting('search_path') AS path FROM catalog.tenants LIMIT 1`,
    values: [],
  })
  expect(login).toEqual({ role: stage.names.api, path: 'pg_catalog, pg_temp' })
  expect(await dbOf(b).write(names, [])).toEqual([{ name: `of ${b.slug}`, pid }])
}

it('a handler that throws in the middle leaves a connection that is clean for another tenant', async () => {
  let pid = 0
  const failing = dbOf(a).withTransaction({}, async (db) => {
    pid = (await db.read<{ pid: number }>(backend, []))[0]?.pid ?? 0
    await db.write("INSERT INTO products (name, price) VALUES ('half done', 1)", [])
    throw new Error('in the middle')
  })
  await expect(failing).rejects.toThrow('in the middle')
  await whatComesNext(pid)
  expect(await dbOf(a).read('SELECT name FROM products', [])).toEqual([{ name: `of ${a.slug}` }])
})

it('a statement that fails in the middle does so too', async () => {
  let pid = 0
  const failing = dbOf(a).withTransaction({}, async (db) => {
    pid = (await db.read<{ pid: number }>(backend, []))[0]?.pid ?? 0
    await db.read('SELECT 1 / $1::int', [0])
  })
  await expect(failing).rejects.toMatchObject({ code: 'internal' })
  await whatComesNext(pid)
})

it.each<[string, (tenant: Tenant) => string[]]>([
  ['SET ROLE', ({ ref }) => [`SET ROLE ${ref.schema}`]],
  ['SET search_path', ({ ref }) => [`SET search_path = ${ref.schema}, public`]],
  [
    'set_config',
    ({ ref }) => [
      `SELECT set_config('role', '${ref.schema}', false)`,
      `SELECT set_config('search_path', '${ref.schema}', false)`,
    ],
  ],
])(
  'a handler that leaves %s behind for the session and commits: the next user is clean of role and path',
  async (_, leak) => {
    let pid = 0
    await dbOf(a).withTransaction({}, async (db) => {
      for (const statement of leak(a)) await db.write(statement, [])
      pid = (await db.read<{ pid: number }>(backend, []))[0]?.pid ?? 0
    })
    await whatComesNext(pid)
  },
)

it("a transaction that was left open is nobody else's: the next write is committed", async () => {
  await pools.withClient('main', 'write', (client) => client.query('BEGIN'))
  await dbOf(b).write("INSERT INTO products (name, price) VALUES ('kept', 1)", [])
  const { rows } = await stage.inSchemaOf(b.slug, (client) =>
    client.query("DELETE FROM products WHERE name = 'kept' RETURNING name"),
  )
  expect(rows).toEqual([{ name: 'kept' }])
})

it('a default_transaction_read_only that is left behind fails closed, and the write is made on a new connection', async () => {
  await dbOf(a).withTransaction({}, async (db) => {
    await db.write("SELECT set_config('default_transaction_read_only', 'on', false)", [])
  })
  expect(await dbOf(b).write('UPDATE products SET price = 2 RETURNING name', [])).toEqual([{ name: `of ${b.slug}` }])
})

it('a temporary table named orders, made by whoever may, is never read by another tenant: the path ends in pg_temp', async () => {
  const allow = (verb: string) => stage.asOwner((client) => client.query(verb))
  await expect(dbOf(a).write('CREATE TEMP TABLE orders (id int)', [])).rejects.toMatchObject({ code: 'internal' })
  // Even were TEMP granted, by a slip, the tenant's own table comes first.
  await allow(`GRANT TEMP ON DATABASE ${stage.names.database} TO PUBLIC`)
  try {
    await dbOf(a).write('CREATE TEMP TABLE products (name text, price numeric)', [])
    await dbOf(a).write("INSERT INTO pg_temp.products VALUES ('planted', 1)", [])
    await dbOf(a).write('GRANT ALL ON pg_temp.products TO PUBLIC', [])
    expect(await dbOf(b).read('SELECT name FROM products', [])).toEqual([{ name: `of ${b.slug}` }])
    expect(await dbOf(a).read('SELECT name FROM products', [])).toEqual([{ name: `of ${a.slug}` }])
  } finally {
    await allow(`REVOKE TEMP ON DATABASE ${stage.names.database} FROM PUBLIC`)
  }
})

it('a tenant that was never entered has no table to read', async () => {
  const stray = pools.withClient('main', 'read', (client) => client.query('SELECT * FROM products'))
  expect(sqlStateOf(await stray.catch((error) => error))).toBe('42P01')
})

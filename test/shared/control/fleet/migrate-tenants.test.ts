import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type MigrateOptions, migrateTenants } from '../../../../shared/control/fleet/migrate-tenants.ts'
import { checksumOf, type Migration, readMigrations } from '../../../../shared/db/migrations.ts'
import type { Tenant } from '../../../../shared/tenancy/tenant.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

let stage: TestStage
let tenants: Tenant[]
let own: readonly Migration[]

beforeAll(async () => {
  stage = await createTestStage('control')
  own = await readMigrations('tenant')
})
afterAll(() => stage.end())

beforeEach(async () => {
  tenants = await Promise.all(Array.from({ length: 5 }, () => stage.createTenant()))
})

/** Brings the tenants through further migrations, on one connection. Answers what became of each, in their order. */
async function change(steps: readonly string[], options: Partial<MigrateOptions> = {}) {
  const next = steps.map((sql, at): Migration => {
    const checksum = createHash('sha256').update(sql).digest('hex')
    return { kind: 'tenant', version: own.length + 1 + at, name: 'next', sql, checksum, transactional: true }
  })
  const migrations = [...own, ...next]
  const outcomes = await migrateTenants(
    stage.control.pools,
    'main',
    tenants.map(({ id, ref }) => ({ tenantId: id, schema: ref.schema })),
    { migrations, to: migrations.length, lockTimeout: 50, connections: 1, ...options },
  )
  const { rows } = await stage.asOwner((client) =>
    client.query<{ version: number; checksum: string }>(
      `SELECT v.version, v.checksum FROM unnest($1::text[]) WITH ORDINALITY AS s (schema_name, at)
       JOIN atrium.tenant_versions v USING (schema_name) ORDER BY at`,
      [tenants.map(({ ref }) => ref.schema)],
    ),
  )
  return tenants.map(({ id }, at) => {
    const outcome = outcomes.get(id)
    const isMoved = rows[at]?.version === migrations.length && rows[at]?.checksum === checksumOf(migrations)
    expect(isMoved, 'the version tells what happened').toBe(outcome?.result === 'migrated' && !options.rehearse)
    return outcome?.result === 'failed' ? outcome.sqlState : outcome?.result
  })
}

const inSchemaOf = (nth: number, sql: string) =>
  stage.inSchemaOf(tenants[nth]?.slug ?? '', (client) => client.query({ text: sql, rowMode: 'array' }))

/** Of each tenant, whether it has a relation. */
const have = (relation: string) =>
  Promise.all(
    tenants.map(
      async (_, nth) => (await inSchemaOf(nth, `SELECT to_regclass('${relation}') IS NOT NULL`)).rows[0]?.[0],
    ),
  )

const all = (outcome: string) => tenants.map(() => outcome)

describe('a change of many tenants in one call', () => {
  it('takes several migrations of several statements, each of which finds what those before it made', async () => {
    const steps = [
      'CREATE TABLE colours (id int PRIMARY KEY); INSERT INTO colours VALUES (1); -- the end has no line break',
      'ALTER TABLE colours ADD COLUMN name text; UPDATE colours SET name = current_schema()',
    ]
    expect(await change(steps)).toEqual(all('migrated'))
    const names = await Promise.all(
      tenants.map(async (_, nth) => (await inSchemaOf(nth, 'SELECT name FROM colours')).rows[0]?.[0]),
    )
    expect(names).toEqual(tenants.map(({ ref }) => ref.schema))
  })

  it('leaves a failure, also of a constraint that is deferred to the end, with the tenant that has it', async () => {
    await inSchemaOf(1, 'CREATE TABLE colours (id int)')
    await inSchemaOf(3, `INSERT INTO products (name, price) VALUES ('x', 1), ('x', 1)`)
    const sql = `CREATE TABLE colours (name text UNIQUE DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO colours SELECT name FROM products;`
    expect(await change([sql])).toEqual(['migrated', '42P07', 'migrated', '23505', 'migrated'])
    expect(await have('colours')).toEqual([true, true, true, false, true])
  })

  it("tells each failure by its own tenant's message", async () => {
    await inSchemaOf(1, 'CREATE TABLE colours ()')
    await inSchemaOf(3, 'ALTER TABLE products ADD COLUMN colour text')
    const sql = 'CREATE TABLE colours (); ALTER TABLE products ADD COLUMN colour text;'
    const next: Migration = {
      ...{ kind: 'tenant', version: own.length + 1, name: 'next', sql, checksum: '0'.repeat(64), transactional: true },
    }
    const outcomes = await migrateTenants(
      stage.control.pools,
      'main',
      tenants.map(({ id, ref }) => ({ tenantId: id, schema: ref.schema })),
      { migrations: [...own, next], to: own.length + 1, lockTimeout: 50, connections: 1 },
    )
    expect(tenants.map(({ id }) => outcomes.get(id))).toMatchObject([
      { result: 'migrated' },
      { result: 'failed', error: 'relation "colours" already exists' },
      { result: 'migrated' },
      { result: 'failed', error: 'column "colour" of relation "products" already exists' },
      { result: 'migrated' },
    ])
  })

  it('ends a change at the statement timeout, and changes those behind it all the same', {
    timeout: 30_000,
  }, async () => {
    await inSchemaOf(1, `INSERT INTO products (name, price) VALUES ('slow', 1)`)
    const sql = `CREATE TABLE colours (); SELECT pg_sleep(60) FROM products WHERE name = 'slow'`
    expect(await change([sql])).toEqual(['migrated', '57014', 'migrated', 'migrated', 'migrated'])
    expect(await have('colours')).toEqual([true, false, true, true, true])
  })

  it('holds no lock of a tenant longer than its own change', async () => {
    const holder = new pg.Client({ ...stage.connection('control'), options: `-c role=${stage.names.owner}` })
    await holder.connect()
    await holder.query(`BEGIN; LOCK TABLE ${tenants[3]?.ref.schema}.products`)
    const changing = change(['ALTER TABLE products ADD COLUMN colour text'], { lockTimeout: 60_000 })
    // While the fourth waits, those before it are committed, and free.
    const colour = 'SELECT count(colour)::int FROM products'
    while ((await Promise.allSettled([inSchemaOf(2, colour)]))[0]?.status === 'rejected') await sleep(10)
    await holder.query('ROLLBACK')
    await holder.end()
    expect(await changing).toEqual(all('migrated'))
  })

  it('has nobody at work any more when it fails, since a connection was lost', async () => {
    tenants = await Promise.all(Array.from({ length: 24 }, () => stage.createTenant()))
    const ask = (what: string) =>
      stage.asOwner(async (client) => {
        const calling = `FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CALL atrium.change_tenants%' AND state = 'active'`
        return (await client.query(`SELECT ${what} ${calling}`)).rows
      })
    const changing = change(['SELECT pg_sleep(0.1)'], { connections: 2 })
    const failed = expect(changing).rejects.toMatchObject({ code: 'unavailable' })
    while ((await ask('pid')).length < 2) await sleep(5)
    await ask('pg_terminate_backend(min(pid))')
    await failed
    expect(await ask('pid')).toEqual([])
  })

  it('begins nobody after its time is up', async () => {
    const outcomes = await change(['SELECT pg_sleep(0.3)'], { until: performance.now() })
    expect(outcomes).toEqual(['migrated', undefined, undefined, undefined, undefined])
  })

  it('leaves nothing of a rehearsal but its answer', async () => {
    await inSchemaOf(2, 'CREATE TABLE colours (id int)')
    expect(await change(['CREATE TABLE colours ()'], { rehearse: true })).toEqual([
      ...['migrated', 'migrated', '42P07', 'migrated', 'migrated'],
    ])
    expect(await have('colours')).toEqual([false, false, true, false, false])
  })

  it('gives its session back as it was', async () => {
    const { pools } = stage.control
    const ask = `SELECT pg_backend_pid() AS pid, current_user AS role, current_setting('statement_timeout') AS timeout,
      current_setting('lock_timeout') AS lock, current_setting('synchronous_commit') AS commits,
      current_setting('search_path') AS path`
    const before = await pools.withClient('main', 'write', async (client) => (await client.query(ask)).rows[0])
    expect(await change(['SELECT 1'])).toEqual(all('migrated'))
    expect(await change(['SELECT 1', 'SELECT 1/0'])).toEqual(all('22012'))
    const after = await pools.withClient('main', 'write', async (client) => (await client.query(ask)).rows[0])
    expect(after).toEqual(before)
  })

  it("is the owner's alone to call", async () => {
    const client = new pg.Client(stage.connection('api'))
    await client.connect()
    const call = client.query(`CALL atrium.change_tenants('{}', 1, 2, '', '', 0, 0, false, '{}', '{}')`)
    await expect(call).rejects.toMatchObject({ code: '42501' })
    await client.end()
  })
})

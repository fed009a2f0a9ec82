import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { createCatalogReader } from '../../../shared/db/catalog.ts'
import type { Pools } from '../../../shared/db/pools.ts'
import { openTenantDatabase } from '../../../shared/db/tenant-database.ts'
import type { Tenant } from '../../../shared/tenancy/tenant.ts'
import { type CountingProxy, startCountingProxy } from '../../support/counting-proxy.ts'
import { createDirectPools } from '../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let tenant: Tenant
let proxy: CountingProxy
let pools: Pools
let superuser: pg.Client

beforeAll(async () => {
  stage = await createTestStage('api', { pinsOnPurpose: true })
  tenant = await stage.createTenant()
  superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  await stage.end()
})
beforeEach(async () => {
  const { host, port } = stage.connection('api')
  proxy = await startCountingProxy({ host: String(host), port: Number(port) })
  pools = createDirectPools(stage.connection('api'), { port: proxy.port })
})
afterEach(async () => {
  expect(pools.checkedOut()).toBe(0)
  await pools.end()
  await proxy.close()
})

const soon = () => performance.now() + 100
const open = (terms: Parameters<typeof openTenantDatabase>[2] = {}) => openTenantDatabase(pools, tenant.ref, terms)
const insert = 'INSERT INTO products (name, price) VALUES ($1, 1) RETURNING id'
const count = async (name: string) => (await open().read('SELECT id FROM products WHERE name = $1', [name])).length
const untilGone = async (query: string) => {
  const sql = 'SELECT FROM pg_stat_activity WHERE usename = $1 AND query LIKE $2'
  for (;;) {
    const { rowCount } = await superuser.query(sql, [stage.names.api, query])
    if (rowCount === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('at its deadline', () => {
  it('a statement is ended by the server, and its connection stays good', async () => {
    const deadline = performance.now() + 5_000
    const [row] = await open({ deadline }).read<{ limit: string }>(
      "SELECT current_setting('statement_timeout') AS limit",
      [],
    )
    // In milliseconds, or seconds where they are whole; 10s would be the usual one.
    expect(row?.limit).toMatch(/^(?:[1-4]?\d{1,3}ms|[1-5]s)$/)
  })

  it.each(['read', 'write'] as const)(
    'a %s that the network has swallowed is given up, and the next has a new connection',
    async (access) => {
      await open().read('SELECT 1', [])
      proxy.decide(() => 'silence')
      await expect(open({ deadline: soon() })[access](insert, ['swallowed'])).rejects.toMatchObject({
        code: 'timed_out',
      })
      proxy.decide(() => 'pass')
      expect(await count('swallowed')).toBe(0)
    },
  )

  it('a transaction of several statements is given up alike, and rolled back', async () => {
    const work = open({ deadline: soon() }).withTransaction({}, async (db) => {
      await db.write(insert, ['half'])
      proxy.decide(() => 'silence')
      await db.write(insert, ['other half'])
    })
    await expect(work).rejects.toMatchObject({ code: 'timed_out' })
    proxy.decide(() => 'pass')
    expect(await count('half')).toBe(0)
  })

  it('whoever waits for a connection is told, and it is there for the next', async () => {
    const slow = open().read('SELECT pg_sleep(0.5)', [])
    await expect(open({ deadline: soon() }).read('SELECT 1', [])).rejects.toMatchObject({ code: 'timed_out' })
    await slow
    expect(await open().read('SELECT 1 AS one', [])).toEqual([{ one: 1 }])
  })

  it('what nobody waits for any more is ended at the server within a second or so', async () => {
    const work = openTenantDatabase(pools, tenant.ref, { deadline: soon() }).withTransaction(
      { statementTimeout: 600_000 },
      async (db) => {
        // A limit that is longer than the deadline, as that of a transaction's later statements is.
        await db.read("SELECT set_config('statement_timeout', '10min', true)", [])
        await db.read('SELECT pg_sleep(600)', [])
      },
    )
    await expect(work).rejects.toMatchObject({ code: 'timed_out' })
    await untilGone('%pg_sleep(600)%')
  })
})

describe('a connection that breaks under a write', () => {
  const breakOnce = (towards: 'server' | 'client') => {
    let left = 1
    proxy.decide((where) => (where === towards && left-- > 0 ? 'reset' : 'pass'))
  }

  it.each(['server', 'client'] as const)(
    'has it done again where it says that twice is once (lost on the way to the %s)',
    async (towards) => {
      await open().read('SELECT 1', [])
      breakOnce(towards)
      const once = `INSERT INTO idempotency_keys (route, key, fingerprint) VALUES ('POST /x', $1, sha256(''))
      ON CONFLICT (route, key) DO UPDATE SET key = excluded.key RETURNING key`
      expect(await open({ isRepeatable: true }).write(once, [towards])).toEqual([{ key: towards }])
    },
  )

  it('leaves it to the caller where it does not', async () => {
    await open().read('SELECT 1', [])
    breakOnce('client')
    await expect(open().write(insert, ['perhaps'])).rejects.toMatchObject({ code: 'unavailable' })
    expect(await count('perhaps')).toBe(1)
  })
})

it('a connection that died while the function was frozen is noticed before a write is sent on it', async () => {
  const direct = createDirectPools(stage.connection('api'))
  const db = openTenantDatabase(direct, tenant.ref)
  const [row] = await db.read<{ pid: number }>('SELECT pg_backend_pid() AS pid', [])
  await superuser.query('SELECT pg_terminate_backend($1, 1000)', [row?.pid])
  // What the network has to say comes while the process stands still, as in a frozen function.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
  expect(await db.write(insert, ['thawed'])).toHaveLength(1)
  expect(await count('thawed')).toBe(1)
  await direct.end()
})

it('a transaction that was rolled back for the sake of another is done again', async () => {
  const [one] = await open().write<{ id: string }>(insert, ['one'])
  const [two] = await open().write<{ id: string }>(insert, ['two'])
  const many = createDirectPools(stage.connection('api'), { size: 2 })
  let first = 0
  const both = async (from: string | undefined, to: string | undefined) => {
    let other = false
    await openTenantDatabase(many, tenant.ref).withTransaction({ lockTimeout: 30_000 }, async (db) => {
      await db.write('UPDATE products SET price = price + 1 WHERE id = $1', [from])
      first += 1
      // Each waits until both hold their first row; the one that is done again finds it so.
      while (first < 2 && !other) await new Promise((resolve) => setTimeout(resolve, 5))
      other = true
      await db.write('UPDATE products SET price = price + 1 WHERE id = $1', [to])
    })
  }
  await Promise.all([both(one?.id, two?.id), both(two?.id, one?.id)])
  const prices = await open().read('SELECT price FROM products WHERE id = ANY ($1::bigint[])', [[one?.id, two?.id]])
  expect(prices).toEqual([{ price: '3.00' }, { price: '3.00' }])
  expect(first).toBeGreaterThan(2)
  await many.end()
})

it('a look-up in the catalog that is never answered is given up, and the next one begins on a new connection', async () => {
  const reader = createCatalogReader(pools, () => 'main', undefined, 100)
  const statement = { text: 'SELECT 1 AS one', values: [] }
  expect(await reader.read(statement)).toEqual([{ one: 1 }])
  proxy.decide(() => 'silence')
  await expect(reader.read(statement)).rejects.toMatchObject({ code: 'unavailable' })
  proxy.decide(() => 'pass')
  expect(await reader.read(statement)).toEqual([{ one: 1 }])
})

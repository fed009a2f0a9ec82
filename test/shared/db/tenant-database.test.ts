import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { readCatalog } from '../../../shared/db/catalog.ts'
import type { Pools } from '../../../shared/db/pools.ts'
import { openTenantDatabase, type TenantDatabase, withTenantTransaction } from '../../../shared/db/tenant-database.ts'
import type { Tenant } from '../../../shared/tenancy/tenant.ts'
import { type CountingProxy, startCountingProxy } from '../../support/counting-proxy.ts'
import { createDirectPools } from '../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let a: Tenant
let b: Tenant
let proxy: CountingProxy
let pools: Pools
let dbA: TenantDatabase
let dbB: TenantDatabase
let superuser: pg.Client

beforeAll(async () => {
  stage = await createTestStage('api', { pinsOnPurpose: true })
  a = await stage.createTenant()
  b = await stage.createTenant()
  const { host, port } = stage.connection('api')
  proxy = await startCountingProxy({ host: String(host), port: Number(port) })
  superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  await proxy.close()
  await stage.end()
})
beforeEach(() => {
  pools = createDirectPools(stage.connection('api'), { port: proxy.port })
  dbA = openTenantDatabase(pools, a.ref)
  dbB = openTenantDatabase(pools, b.ref)
})
afterEach(async () => {
  expect(pools.checkedOut()).toBe(0)
  await pools.end()
})

const insertProduct = `INSERT INTO products (name, price) VALUES ($1, 1) RETURNING id`

/** What is in force on the one connection when it belongs to nobody. */
async function stateBetweenUsers(): Promise<unknown> {
  return pools.withClient('main', 'read', async (client) => {
    const { rows } = await client.query(
      `SELECT current_user AS role, current_setting('search_path') AS path, current_setting('lock_timeout') AS lock,
         current_setting('statement_timeout') AS statement, current_setting('transaction_read_only') AS read_only`,
    )
    return rows[0]
  })
}

function untouched(): unknown {
  return { role: stage.names.api, path: '"$user", public', lock: '0', statement: '30s', read_only: 'off' }
}

async function backendOf(): Promise<number> {
  return pools.withClient('main', 'read', async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    return rows[0]?.pid ?? 0
  })
}

describe('a single statement', () => {
  it('costs one round trip, a read and a write alike', async () => {
    await dbA.read('SELECT 1', [])
    proxy.takeFlights()
    await dbA.read('SELECT id FROM products WHERE id > $1', ['0'])
    expect(proxy.takeFlights()).toBe(1)
    await dbA.write(insertProduct, ['Lantern'])
    expect(proxy.takeFlights()).toBe(1)
    await readCatalog(pools, 'main', { text: 'SELECT slug FROM catalog.tenants WHERE slug = $1', values: [a.slug] })
    expect(proxy.takeFlights()).toBe(1)
  })

  it("works in the tenant's schema as the tenant's role, and leaves nothing on the connection", async () => {
    expect(await dbA.read('SELECT current_user::text AS role, current_schema()::text AS schema', [])).toEqual([
      { role: a.ref.schema, schema: a.ref.schema },
    ])
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('answers rows with ids and money as decimal strings and times in RFC 3339', async () => {
    const [row] = await dbA.read(
      `SELECT 9223372036854775807 AS id, 1.50::numeric(12,2) AS money, 7::integer AS count,
         '2010-12-01 10:26:00.5+02'::timestamptz AS time, NULL AS nothing`,
      [],
    )
    expect(row).toEqual({
      ...{ id: '9223372036854775807', money: '1.50', count: 7, time: '2010-12-01T08:26:00.5Z', nothing: null },
    })
  })

  it('refuses to write in a read', async () => {
    const failure = dbA.read(insertProduct, ['Lantern'])
    await expect(failure).rejects.toMatchObject({ code: 'internal', cause: { code: '25006' } })
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('goes no further when the tenant cannot be entered', async () => {
    const nobody = openTenantDatabase(pools, { ...a.ref, schema: 't_nobody_00000000' })
    await expect(nobody.write(insertProduct, ['x'])).rejects.toMatchObject({ cause: { code: '22023' } })
    const owner = openTenantDatabase(pools, { ...a.ref, schema: stage.names.owner })
    await expect(owner.read('SELECT 1', [])).rejects.toMatchObject({ cause: { code: '42501' } })
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('is stopped by the server at its time limit, and the connection stays good', async () => {
    const backend = await backendOf()
    const slow = withTenantTransaction(pools, a.ref, { statementTimeout: 50 }, (db) =>
      db.read('SELECT pg_sleep(30)', []),
    )
    await expect(slow).rejects.toMatchObject({ code: 'timed_out' })
    expect(await backendOf()).toBe(backend)
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('is a conflict when it contradicts what is stored and says nothing of its own', async () => {
    const order = 'INSERT INTO orders (product_id, quantity, unit_price) VALUES ($1, 1, 1)'
    const failure = dbA.write(order, ['999999'])
    await expect(failure).rejects.toMatchObject({
      code: 'conflict',
      message: 'The change contradicts what is stored.',
      cause: { code: '23503' },
    })
  })

  it('means to the caller what its refusals say', async () => {
    const refused = dbA.write('INSERT INTO products (name, price) VALUES ($1, -1)', ['x'], {
      '23514': { code: 'price_required', detail: 'The price.' },
    })
    await expect(refused).rejects.toMatchObject({ code: 'price_required', message: 'The price.' })
  })
})

describe('two tenants on one connection', () => {
  it('never see a row of the other, however their statements interleave', async () => {
    const backends = new Set<number>()
    const marks = { [a.slug]: dbA, [b.slug]: dbB }
    await Promise.all(
      Array.from({ length: 400 }, async (_, n) => {
        const slug = n % 2 === 0 ? a.slug : b.slug
        const db = marks[slug] ?? dbA
        if (n % 4 < 2) await db.write(insertProduct, [`mark of ${slug}`])
        else if (n % 8 < 6) {
          const rows = await db.read<{ name: string; pid: number }>(
            'SELECT name, pg_backend_pid() AS pid FROM products',
            [],
          )
          for (const row of rows) {
            backends.add(row.pid)
            if (row.name.startsWith('mark of')) expect(row.name).toBe(`mark of ${slug}`)
          }
        } else {
          await db.withTransaction({}, async (statements) => {
            await statements.write(insertProduct, [`mark of ${slug}`])
            const rows = await statements.read<{ name: string }>('SELECT name FROM products', [])
            for (const { name } of rows) if (name.startsWith('mark of')) expect(name).toBe(`mark of ${slug}`)
          })
        }
      }),
    )
    expect(backends.size).toBe(1)
  })

  it('never mix when they share a pipeline', async () => {
    // Past the pool: all statements are on the wire before the first answer.
    const names = await pools.withClient('main', 'write', async (client) => {
      const { queryPrefaced } = await import('../../../shared/db/prefaced-statement.ts')
      return Promise.all(
        Array.from({ length: 200 }, (_, n) => {
          const { schema } = n % 2 === 0 ? a.ref : b.ref
          const preface = { text: 'SELECT FROM atrium.enter($1, true, 1000, 1000)', values: [schema] }
          const statement = { text: 'SELECT current_schema()::text AS schema, $1::int AS n', values: [n] }
          // Every tenth fails in its preface: the rest of the pipeline must not care.
          if (n % 10 === 9)
            return queryPrefaced(client, { ...preface, values: ['t_none'] }, statement).catch(() => schema)
          return queryPrefaced(client, preface, statement).then(({ rows }) =>
            rows[0]?.n === n ? rows[0].schema : 'wrong row',
          )
        }),
      )
    })
    expect(names).toEqual(Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? a.ref.schema : b.ref.schema)))
  })
})

describe('withTenantTransaction', () => {
  const count = async (db: TenantDatabase) =>
    (await db.read<{ n: string }>('SELECT count(*) AS n FROM products', []))[0]?.n

  it('commits all of its work, in a round trip an answer and one for COMMIT', async () => {
    const before = Number(await count(dbA))
    proxy.takeFlights()
    await dbA.withTransaction({}, async (db) => {
      await db.write(insertProduct, ['one'])
      await db.write(insertProduct, ['two'])
    })
    expect(proxy.takeFlights()).toBe(3)
    expect(Number(await count(dbA))).toBe(before + 2)
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('rolls back when the work throws, and passes the error on', async () => {
    const before = await count(dbA)
    const failure = dbA.withTransaction({}, async (db) => {
      await db.write(insertProduct, ['one'])
      throw new TypeError('in the middle')
    })
    await expect(failure).rejects.toThrow(new TypeError('in the middle'))
    expect(await count(dbA)).toBe(before)
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('does not report success when a swallowed error made the server roll back', async () => {
    const before = await count(dbA)
    const failure = dbA.withTransaction({}, async (db) => {
      await db.write(insertProduct, ['one'])
      await db.write('INSERT INTO products (name, price) VALUES ($1, -1)', ['bad']).catch(() => undefined)
      return 'done'
    })
    await expect(failure).rejects.toMatchObject({ code: 'internal' })
    expect(await count(dbA)).toBe(before)
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('says why the tenant could not be entered, not that the transaction is aborted', async () => {
    const nobody = { ...a.ref, schema: 't_nobody_00000000' }
    const failure = withTenantTransaction(pools, nobody, {}, (db) => db.write(insertProduct, ['x']))
    await expect(failure).rejects.toMatchObject({ cause: { code: '22023' } })
    expect(await stateBetweenUsers()).toEqual(untouched())
  })

  it('keeps a statement that comes after its end from the next transaction', async () => {
    let late: Promise<unknown> = Promise.resolve()
    await dbA.withTransaction({}, async (db) => {
      late = new Promise((resolve) => setTimeout(resolve, 20)).then(() => db.write(insertProduct, ['late']))
      late.catch(() => undefined)
    })
    await expect(late).rejects.toThrow('the tenant transaction has ended')
  })

  it('refuses to write when it is read-only', async () => {
    const failure = dbA.withTransaction({ readOnly: true }, (db) => db.write(insertProduct, ['x']))
    await expect(failure).rejects.toMatchObject({ cause: { code: '25006' } })
  })

  it('gives up on a lock at its limit', async () => {
    const holder = new pg.Client(stage.connection('api'))
    await holder.connect()
    await holder.query(
      `BEGIN; SELECT atrium.enter('${a.ref.schema}', false, 0, 0); LOCK TABLE products IN ROW EXCLUSIVE MODE`,
    )
    await holder.query('INSERT INTO products (name, price) VALUES ($1, 1)', ['held'])
    await holder.query('SELECT id FROM products FOR UPDATE')
    const blocked = withTenantTransaction(pools, a.ref, { lockTimeout: 30 }, (db) =>
      db.write('UPDATE products SET price = 2', []),
    )
    await expect(blocked).rejects.toMatchObject({ code: 'unavailable', cause: { code: '55P03' } })
    await holder.end()
  })
})

describe('a connection that breaks', () => {
  it('under a read is replaced, and the read answered', async () => {
    await dbA.read('SELECT 1', [])
    proxy.cut()
    expect(await dbA.read('SELECT 1 AS one', [])).toEqual([{ one: 1 }])
  })

  it('in the middle of a transaction fails it once, and takes neither the process nor the pool along', async () => {
    const before = await backendOf()
    const failure = dbA.withTransaction({}, async (db) => {
      await db.write(insertProduct, ['lost'])
      await superuser.query('SELECT pg_terminate_backend($1, 5000)', [before])
      await db.write(insertProduct, ['never sent'])
    })
    await expect(failure).rejects.toMatchObject({ code: 'unavailable' })
    expect(await backendOf()).not.toBe(before)
    expect(await dbA.read('SELECT 1 FROM products WHERE name = $1', ['lost'])).toEqual([])
  })

  it('while a client is checked out and silent is survived', async () => {
    const silent = dbA.withTransaction({}, async (db) => {
      await db.read('SELECT 1', [])
      proxy.cut()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return db.read('SELECT 2', [])
    })
    await expect(silent).rejects.toMatchObject({ code: 'unavailable' })
    expect(await dbA.read('SELECT 3 AS three', [])).toEqual([{ three: 3 }])
  })

  it('under a write is not tried again, since nobody knows whether it was done', async () => {
    await dbA.read('SELECT 1', [])
    proxy.cut()
    await expect(dbA.write(insertProduct, ['once'])).rejects.toMatchObject({ code: 'unavailable' })
  })
})

it('replaces a connection that was left read-only, and does the write', async () => {
  const before = await backendOf()
  await pools.withClient('main', 'write', (client) => client.query('SET default_transaction_read_only = on'))
  const [row] = await dbA.write<{ id: string }>(insertProduct, ['after all'])
  expect(row?.id).toEqual(expect.any(String))
  expect(await backendOf()).not.toBe(before)
})

it('serves a clean role and path after a session was left with another tenant', async () => {
  await pools.withClient('main', 'write', async (client) => {
    await client.query(`SET ROLE ${pg.escapeIdentifier(b.ref.schema)}`)
    await client.query(`SET search_path = ${pg.escapeIdentifier(b.ref.schema)}`)
  })
  expect(await dbA.read('SELECT current_user::text AS role, current_schemas(false)::text AS path', [])).toEqual([
    { role: a.ref.schema, path: `{${a.ref.schema}}` },
  ])
  const catalog = await readCatalog(pools, 'main', {
    text: 'SELECT current_user::text AS role, slug FROM catalog.tenants WHERE slug = $1',
    values: [a.slug],
  })
  expect(catalog).toEqual([{ role: stage.names.api, slug: a.slug }])
})

import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pools } from '../../../shared/db/pools.ts'
import { nameStatements, queryPrefaced } from '../../../shared/db/prefaced-statement.ts'
import { createStatementNames } from '../../../shared/db/statement-names.ts'
import { openTenantDatabase } from '../../../shared/db/tenant-database.ts'
import { refOf } from '../../../shared/tenancy/catalog-queries.ts'
import type { Tenant } from '../../../shared/tenancy/tenant.ts'
import { createDirectPools } from '../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let pools: Pools
const tenants: Tenant[] = []

beforeAll(async () => {
  stage = await createTestStage('api', { pinsOnPurpose: true })
  for (const slug of ['acme', 'other', 'third']) {
    tenants.push(await stage.createTenant({ slug }))
    await stage.inSchemaOf(slug, (client) => client.query('INSERT INTO products (name, price) VALUES ($1, 1)', [slug]))
  }
})
afterAll(async () => {
  await pools.end()
  await stage.end()
})
beforeEach(async () => {
  await pools?.end()
  pools = createDirectPools(stage.connection('api'), { named: true })
})

const names = 'SELECT name FROM products ORDER BY id'
const read = (slug: string, text = names) => {
  const tenant = tenants.find((each) => each.slug === slug)
  return openTenantDatabase(pools, tenant?.ref ?? refOf('main', `t_${slug}_00000000`)).read(text, [])
}
const prepared = () =>
  pools.withClient('main', 'read', async (client) => {
    const { rows } = await client.query<{ statement: string; calls: number }>(
      'SELECT statement, (generic_plans + custom_plans)::int AS calls FROM pg_prepared_statements',
    )
    return rows
  })

describe('named statements', () => {
  it('are parsed once for each tenant, and each finds its own rows by turns', async () => {
    for (let n = 0; n < 20; n += 1) {
      for (const slug of ['acme', 'other', 'third']) expect(await read(slug)).toEqual([{ name: slug }])
    }
    const found = await prepared()
    expect(found.filter(({ statement }) => statement === names).map(({ calls }) => calls)).toEqual([20, 20, 20])
    expect(found.filter(({ statement }) => statement.includes('atrium.enter'))).toMatchObject([{ calls: 60 }])
  })

  it('follow a migration that changes the table under them', async () => {
    expect(await read('acme')).toEqual([{ name: 'acme' }])
    await stage.inSchemaOf('acme', (client) =>
      client.query('ALTER TABLE products ADD COLUMN colour text, ALTER COLUMN name TYPE varchar(300)'),
    )
    expect(await read('acme')).toEqual([{ name: 'acme' }])
    expect(await read('other')).toEqual([{ name: 'other' }])
  })

  it.each([
    ['that cannot be parsed', 'SELECT nonsense FROM products', 'acme'],
    ['that fails', 'SELECT 1 / 0 AS name FROM products', 'acme'],
    ['of a tenant that there is not', names, 'nobody'],
  ])('are sent anew after one %s', async (_, text, slug) => {
    for (let n = 0; n < 3; n += 1) {
      await expect(read(slug, text)).rejects.toThrow()
      expect(await read('acme')).toEqual([{ name: 'acme' }])
    }
  })

  it('that were skipped because their tenant could not be entered are there when it can', async () => {
    const [acme] = tenants
    if (acme === undefined) throw new Error('there is no tenant')
    const revoke = (verb: string) =>
      stage.asOwner((client) =>
        client.query(`${verb} "${acme.ref.schema}" ${verb === 'GRANT' ? 'TO' : 'FROM'} "${stage.names.api}"`),
      )
    await revoke('REVOKE')
    await expect(read('acme')).rejects.toThrow()
    await expect(read('acme')).rejects.toThrow()
    await stage.asOwner((client) =>
      client.query(`GRANT "${acme.ref.schema}" TO "${stage.names.api}" WITH INHERIT FALSE, SET TRUE`),
    )
    expect(await read('acme')).toEqual([{ name: 'acme' }])
  })

  it('are sent anew when the server knows them no more', async () => {
    expect(await read('acme')).toEqual([{ name: 'acme' }])
    await pools.withClient('main', 'read', (client) => client.query('DEALLOCATE ALL'))
    expect(await prepared()).toEqual([])
    expect(await read('acme')).toEqual([{ name: 'acme' }])
    expect((await prepared()).map(({ statement }) => statement)).toContain(names)
  })

  it('give a row of values as they are, whatever was bound before', async () => {
    const db = openTenantDatabase(pools, refOf('main', tenants[0]?.ref.schema ?? ''))
    for (const value of ['1', null, '22', "'; DROP", null]) {
      expect(await db.read('SELECT $1::text AS value', [value])).toEqual([{ value }])
    }
  })

  it('are closed at the server, the least recently used first, when there are too many', async () => {
    await pools.withClient('main', 'read', async (client) => {
      const preface = { text: 'SELECT', values: [] }
      for (let n = 0; n < 250; n += 1) await queryPrefaced(client, preface, { text: `SELECT ${n}`, values: [] })
    })
    const found = (await prepared()).map(({ statement }) => statement)
    expect(found).toHaveLength(200)
    expect(found).toContain('SELECT 249')
    expect(found).not.toContain('SELECT 0')
    // It is used all the time.
    expect(found).toContain('SELECT')
  })

  it('may be asked for several at once on one connection, one of them failing', async () => {
    const client = new pg.Client({ ...stage.connection('api'), pipeline: true } as pg.ClientConfig)
    await client.connect()
    nameStatements(client)
    const preface = { text: 'SELECT', values: [] }
    const ask = (text: string) => queryPrefaced(client, preface, { text, values: [] })
    const outcomes = await Promise.allSettled([
      ask('SELECT 1'),
      ask('SELECT nonsense'),
      ask('SELECT 1'),
      ask('SELECT 2'),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect((await ask('SELECT 1')).rows).toHaveLength(1)
    await client.end()
  })
})

it('a name is another one for each schema and text, and doubted once only', () => {
  const known = createStatementNames(3)
  const first = known.take('a', 'x')
  expect(first).toMatchObject({ needs: 'parse', evicted: undefined })
  expect(known.take('b', 'x').name).not.toBe(first.name)
  expect(known.take('a', 'x')).toMatchObject({ name: first.name, needs: 'nothing' })
  known.doubt(first.name)
  expect(known.take('a', 'x')).toMatchObject({ name: first.name, needs: 'close and parse' })
  expect(known.take('a', 'x')).toMatchObject({ name: first.name, needs: 'nothing' })
  known.take('c', 'x')
  // The one that was not used for longest makes room.
  expect(known.take('d', 'x').evicted).toBeDefined()
  expect(known.take('b', 'x').needs).toBe('parse')
})

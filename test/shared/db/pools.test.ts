import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { openPgPool } from '../../../shared/db/connections.ts'
import { createPools, type Pools } from '../../../shared/db/pools.ts'
import { createDirectPools } from '../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let superuser: pg.Client
let pools: Pools

beforeAll(async () => {
  stage = await createTestStage()
  superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  await stage.end()
})
beforeEach(() => {
  pools = createDirectPools(stage.connection('api'))
})
afterEach(async () => {
  vi.useRealTimers()
  await pools.end()
})

const backend = (schema?: string, placement = 'main') =>
  pools.withClient(
    placement,
    'read',
    async (client) => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid,
    schema === undefined ? {} : { schema },
  )

it('replaces a connection that has seen 600 tenants, however often each', async () => {
  const first = await backend()
  for (let n = 0; n < 599; n += 1) expect(await backend(`t_${n}`)).toBe(first)
  for (let n = 0; n < 599; n += 1) expect(await backend(`t_${n}`)).toBe(first)
  expect(await backend('t_599')).toBe(first)
  expect(await backend('t_0')).not.toBe(first)
})

it('replaces a connection after 15 minutes, by the clock', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const first = await backend()
  vi.advanceTimersByTime(15 * 60_000 - 1)
  expect(await backend()).toBe(first)
  vi.advanceTimersByTime(1)
  expect(await backend()).toBe(first) // its last use
  expect(await backend()).not.toBe(first)
})

it("keeps the first placement's pool and those of two others, and closes the one that was not used for longest", async () => {
  const alive = async () => {
    const { rows } = await superuser.query('SELECT pid FROM pg_stat_activity WHERE usename = $1', [stage.names.api])
    return new Set(rows.map(({ pid }) => pid))
  }
  const main = await backend(undefined, 'main')
  const a = await backend(undefined, 'a')
  const b = await backend(undefined, 'b')
  expect(await backend(undefined, 'a')).toBe(a)
  const c = await backend(undefined, 'c')
  while ((await alive()).has(b)) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(await alive()).toEqual(new Set([main, a, c]))
  expect(await backend(undefined, 'main')).toBe(main)
  expect(await backend(undefined, 'b')).not.toBe(b)
})

it('serves more placements at once than stay open', async () => {
  await backend(undefined, 'main')
  const names = Array.from({ length: 8 }, (_, n) => `placement-${n}`)
  for (let round = 0; round < 3; round += 1) {
    const pids = await Promise.all(names.map((name) => backend(undefined, name)))
    expect(new Set(pids).size).toBe(8)
  }
})

it('lets whoever works in a pool that is closed finish', async () => {
  await backend(undefined, 'main')
  const slow = pools.withClient('a', 'write', async (client) => {
    await Promise.all([backend(undefined, 'b'), backend(undefined, 'c')])
    return (await client.query('SELECT 1 AS one')).rows[0]
  })
  expect(await slow).toEqual({ one: 1 })
})

it('says that no connection can be had, and why to the log alone', async () => {
  const nowhere = createPools({
    credentials: {
      read: async () => ({ host: '127.0.0.1', port: 1, dbname: 'x', username: 'x', password: 'x', ssl: false }),
      forget: () => undefined,
    },
  })
  const failure = nowhere.withClient('main', 'read', async () => 1)
  await expect(failure).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The database cannot be reached right now.',
    cause: { code: 'ECONNREFUSED' },
  })
  await nowhere.end()
})

describe('a client', () => {
  const idle = async (): Promise<pg.ClientBase> => {
    let used: pg.ClientBase | undefined
    await pools.withClient('main', 'read', async (client) => {
      used = client
      return client.query('SELECT 1')
    })
    if (used === undefined) throw new Error('no client was used')
    return used
  }

  it('that is ended by the server in the moment of its checkout ends no process', async () => {
    const { host, port, database, user, password } = stage.connection('api')
    const pool = openPgPool(
      {
        ...{ host: String(host), port: Number(port), dbname: String(database), ssl: false },
        ...{ username: String(user), password: String(password) },
      },
      1,
    )
    // Between the two nobody of ours listens yet: the end came in one piece with the greeting.
    const client = await pool.connect()
    expect(client.emit('error', new Error('terminating connection'))).toBe(true)
    client.release(true)
    await pool.end()
  })

  it('that died since its last use is not used, for a write either', async () => {
    const before = await backend()
    Object.assign(await idle(), { _queryable: false }) // as pg leaves it when its connection fails
    const [after] = await pools.withClient('main', 'write', async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      return rows
    })
    expect(after?.pid).not.toBe(before)
  })
})

it('lets whoever waits for a connection whose login was rotated have one by the new login, and does not have him time out', async () => {
  const good = { ...stage.connection('api'), ssl: false }
  const login = (password: unknown) => ({
    ...{ host: String(good.host), port: Number(good.port), dbname: String(good.database) },
    ...{ username: String(good.user), password: String(password), ssl: false },
  })
  let reads = 0
  const rotated = createPools({
    credentials: { read: async () => login(reads++ === 0 ? 'outdated' : good.password), forget: () => undefined },
  })
  const ask = () =>
    rotated.withClient('main', 'read', async (client) => (await client.query('SELECT 1 AS one')).rows[0])
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([{ one: 1 }, { one: 1 }, { one: 1 }])
  await rotated.end()
})

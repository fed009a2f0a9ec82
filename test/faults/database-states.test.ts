import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call } from '../support/call.ts'
import { takeLogLines } from '../support/log-lines.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'
import { type FaultServer, startFaultServer } from './fault-server.ts'

/** What the database says of itself, and what a tenant's caller is told: by SQLSTATE. */
let server: FaultServer
let stage: TestStage

beforeAll(async () => {
  server = await startFaultServer()
  stage = await createTestStage('api', { counted: true, master: server.master })
  await stage.createTenant({ slug: 'acme' })
  expect((await call('POST', '/products', { tenant: 'acme', body: { name: 'LANTERN', price: '1.25' } })).status).toBe(
    201,
  )
  // An order's insertion raises the state that the table `raised` holds, if it holds one.
  await stage.inSchemaOf('acme', (client) =>
    client.query(`CREATE TABLE raised (state text);
      CREATE FUNCTION raise_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
      DECLARE wanted text; BEGIN
        SELECT state INTO wanted FROM raised LIMIT 1;
        IF wanted IS NOT NULL THEN RAISE EXCEPTION 'made up' USING ERRCODE = wanted; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER raise_it BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION raise_it()`),
  )
})
afterAll(async () => {
  await stage.end()
  await server.remove()
})

const order = { tenant: 'acme', body: { product_id: '1', quantity: 1 } }
const place = (key?: string) =>
  call('POST', '/orders', key === undefined ? order : { ...order, headers: { 'idempotency-key': key } })
const raise = (state: string | null) =>
  stage.inSchemaOf('acme', async (client) => {
    await client.query('DELETE FROM raised')
    if (state !== null) await client.query('INSERT INTO raised VALUES ($1)', [state])
  })

describe('an order whose statement the server refuses', () => {
  it.each([
    ['53100', 'disk full', 503, 'unavailable'],
    ['53200', 'out of memory', 503, 'unavailable'],
    ['40001', 'not serializable, again and again', 503, 'unavailable'],
    ['40P01', 'deadlocked, again and again', 503, 'unavailable'],
    ['57014', 'cancelled by its time limit', 503, 'timed-out'],
    ['55P03', 'a lock not had in time', 503, 'unavailable'],
    ['XX000', 'a fault of its own', 500, 'internal'],
  ])('%s, %s: %d %s, and the next one is placed', async (state, _, status, type) => {
    await raise(state)
    const refused = await place()
    expectProblem(refused, status, type)
    expect(refused.headers['retry-after']).toEqual(status === 503 ? expect.stringMatching(/^[1-9]\d*$/) : undefined)
    await raise(null)
    expect((await place()).status).toBe(201)
  })

  it('for a lock, with an idempotency key: 409, and its key is free for the next try', async () => {
    await raise('55P03')
    const refused = await place('locked')
    expectProblem(refused, 409, 'idempotency-in-flight')
    expect(refused.headers['retry-after']).toBe('1')
    await raise(null)
    expect((await place('locked')).headers['idempotency-replayed']).toBeUndefined()
  })
})

it('a value that JSON cannot carry is a fault of ours, told as one, and the next row is read on the same connection', async () => {
  await stage.inSchemaOf('acme', (client) =>
    client.query(
      `INSERT INTO products (name, price, created_at) VALUES ('never', 1, 'infinity'), ('long ago', 1, '0044-03-15 BC')`,
    ),
  )
  for (const id of ['2', '3']) {
    expectProblem(await call('GET', `/products/${id}`, { tenant: 'acme' }), 500, 'internal')
    expect((await call('GET', '/products/1', { tenant: 'acme' })).status).toBe(200)
  }
  await stage.inSchemaOf('acme', (client) => client.query('DELETE FROM products WHERE id > 1'))
})

describe('a database', () => {
  const alter = async (what: string) => {
    const superuser = new pg.Client(server.superuser())
    await superuser.connect()
    await superuser.query(`ALTER DATABASE ${stage.names.database} ${what}`)
    await superuser.end()
  }
  const newConnections = () => stage.proxy?.cut()

  it('that takes no more connections is told of as 503, and served again as soon as it does', async () => {
    await alter('CONNECTION LIMIT 0')
    newConnections()
    await sleep(20)
    expectProblem(await place(), 503, 'unavailable')
    await alter('CONNECTION LIMIT -1')
    expect((await place()).status).toBe(201)
  })

  it('that has become read-only is written to on a new connection, once; if that is as well, 503', async () => {
    await alter('SET default_transaction_read_only = on')
    newConnections()
    await sleep(20)
    // enter() says what a transaction may, so that a left-over default of the session cannot refuse it.
    expect((await call('GET', '/orders', { tenant: 'acme' })).status).toBe(200)
    expect([201, 503]).toContain((await place()).status)
    await alter('RESET default_transaction_read_only')
    newConnections()
    await sleep(20)
    expect((await place()).status).toBe(201)
  })

  it('that has failed over, so that its old writer only reads, serves reads and refuses orders, until it is the writer again', async () => {
    await server.restart('standby')
    expect((await call('GET', '/orders', { tenant: 'acme' })).status).toBe(200)
    for (const key of [undefined, 'standby']) {
      const refused = await place(key)
      expectProblem(refused, 503, 'unavailable')
      expect(refused.headers['retry-after']).toBe('1')
    }
    await server.restart('primary')
    expect((await place('standby')).status).toBe(201)
    expect((await place('standby')).headers['idempotency-replayed']).toBe('true')
  })

  it('whose disk is full keeps what it has, and goes on when there is room', async ({ skip }) => {
    const disk = await server.mountDisk(4_000_000)
    if (disk === undefined) return skip('only root may mount a disk')
    await stage.inSchemaOf('acme', (client) => client.query(`ALTER TABLE orders SET TABLESPACE ${disk.tablespace}`))
    disk.fill()
    const placed: string[] = []
    let refused = await place()
    for (; refused.status === 201; refused = await place()) placed.push(refused.body.id)
    expectProblem(refused, 503, 'unavailable')
    expect(takeLogLines().at(-1)).toMatchObject({ error: { cause: { code: '53100' } } })
    // Reading needs no room.
    expect((await call('GET', '/orders?limit=1', { tenant: 'acme' })).status).toBe(200)
    expectProblem(await place('full'), 503, 'unavailable')
    disk.clear()
    expect((await place('full')).status).toBe(201)
    const { rows } = await stage.inSchemaOf('acme', (client) =>
      client.query('SELECT FROM orders WHERE id = ANY ($1)', [placed]),
    )
    expect(rows).toHaveLength(placed.length)
    await stage.inSchemaOf('acme', (client) => client.query('ALTER TABLE orders SET TABLESPACE pg_default'))
  })

  it('that is stopped and started is told of as 503, and served again when it is there', async () => {
    const answers: number[] = []
    let goesOn = true
    const asking = (async () => {
      while (goesOn) {
        answers.push((await call('GET', '/orders', { tenant: 'acme' })).status)
        await sleep(5)
      }
    })()
    await server.restart()
    goesOn = false
    await asking
    expect(new Set(answers)).toEqual(new Set([200, 503].filter((status) => answers.includes(status))))
    expect((await place()).status).toBe(201)
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call } from '../support/call.ts'
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

import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { secretName } from '../../shared/db/application-pools.ts'
import { addPlacement } from '../support/add-placement.ts'
import { type CallResult, call } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'
import { report } from './report.ts'

/** Passwords change, as Secrets Manager changes them, while orders are placed and read. */
const rotations = Number(process.env.FAULT_ROTATIONS ?? 6)

let stage: TestStage
let superuser: pg.Client

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme' })
  await call('POST', '/products', { tenant: 'acme', body: { name: 'LANTERN', price: '1.25' } })
  superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  await stage.end()
})

const putSecret = (username: string, password: string) => {
  const connection = stage.connection('api')
  stage.secrets.put(secretName('test', 'main', 'api'), {
    ...{ host: connection.host, port: connection.port, dbname: connection.database, ssl: false, username, password },
  })
}
const setPassword = (user: string, password: string) => superuser.query(`ALTER ROLE ${user} PASSWORD '${password}'`)
/** Ends the functions' connections, as their age would in time: new ones need the password. */
const endBackends = () =>
  superuser.query('SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename LIKE $1', [
    `${stage.names.api}%`,
  ])

/** Places orders and reads them while `work` goes on. A failed one is not sent again. */
async function underLoad(
  work: (untilServed: () => Promise<void>) => Promise<void>,
): Promise<{ requests: number; failed: CallResult[] }> {
  let requests = 0
  /** Of each that asks. */
  const served = [0, 0, 0, 0]
  let goesOn = true
  const failed: CallResult[] = []
  const ask = async (_: number, who: number) => {
    while (goesOn) {
      requests += 1
      const headers = { 'idempotency-key': randomUUID() }
      const answer =
        requests % 2 === 0
          ? await call('GET', '/orders?limit=3', { tenant: 'acme' })
          : await call('POST', '/orders', { tenant: 'acme', headers, body: { product_id: '1', quantity: 1 } })
      if (answer.status >= 300) failed.push(answer)
      else served[who] = (served[who] ?? 0) + 1
      // A turn for whatever else this process has to do.
      if (requests % 10 === 0) await sleep(0)
    }
  }
  const asking = Promise.all(served.map(ask))
  // A request reads the secret anew once: one that has done so is not to meet the next rotation as well.
  await work(async () => {
    const before = [...served]
    while (served.some((count, who) => count < (before[who] ?? 0) + 5)) await sleep(5)
  })
  goesOn = false
  await asking
  return { requests, failed }
}

it('with alternating users no request fails', async () => {
  const users = [stage.names.api, `${stage.names.api}_clone`] as const
  await superuser.query(`CREATE ROLE ${users[1]} LOGIN IN ROLE ${users[0]}`)
  const { requests, failed } = await underLoad(async (untilServed) => {
    for (let round = 0; round < rotations; round += 1) {
      // The one that is not in use gets a new password, and then the secret names it.
      const next = users[(round + 1) % 2] ?? ''
      const password = randomBytes(12).toString('hex')
      await setPassword(next, password)
      putSecret(next, password)
      await untilServed()
      await endBackends()
      await untilServed()
    }
  })
  report({
    ...{ fault: 'rotated, two users', tried: rotations, requests },
    ...{ lost: 0, doubled: 0, failed: failed.length, recovery: null },
  })
  expect(failed.map(({ text }) => text)).toEqual([])
})

it('with a single user none fails that has its connection, and one refresh brings the new password', async () => {
  const user = stage.names.api
  const fetched = () => stage.secrets.requestsFor(secretName('test', 'main', 'api'))
  const { requests, failed } = await underLoad(async (untilServed) => {
    for (let round = 0; round < rotations; round += 1) {
      const password = randomBytes(12).toString('hex')
      await setPassword(user, password)
      // Between the two the secret is behind. Connections that are open stay.
      await sleep(20)
      putSecret(user, password)
      const before = fetched()
      await endBackends()
      await untilServed()
      expect(fetched() - before).toBeLessThanOrEqual(1)
    }
  })
  report({
    ...{ fault: 'rotated, one user', tried: rotations, requests },
    ...{ lost: 0, doubled: 0, failed: failed.length, recovery: null },
  })
  expect(failed.map(({ text }) => text)).toEqual([])
})

it('a connection that is needed while the secret is behind is refused with 503 and Retry-After, and had a moment later', async () => {
  const password = randomBytes(12).toString('hex')
  await setPassword(stage.names.api, password)
  await endBackends()
  const refused = await call('GET', '/orders', { tenant: 'acme' })
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  putSecret(stage.names.api, password)
  expect((await call('GET', '/orders', { tenant: 'acme' })).status).toBe(200)
})

it('keeps nobody waiting who has a connection, while Secrets Manager takes its time for another placement', async () => {
  await addPlacement(stage, 'second')
  await stage.createTenant({ slug: 'far', placement: 'second' })
  const letGo = stage.secrets.hold()
  let isFarServed = false
  const far = call('GET', '/orders', { tenant: 'far' }).finally(() => {
    isFarServed = true
  })
  const near = await Promise.all(Array.from({ length: 50 }, () => call('GET', '/orders', { tenant: 'acme' })))
  expect(near.filter(({ status }) => status !== 200)).toEqual([])
  expect(isFarServed).toBe(false)
  letGo()
  expect((await far).status).toBe(200)
})

it('goes on with the password that it has while Secrets Manager is away', async () => {
  expect((await call('GET', '/orders', { tenant: 'acme' })).status).toBe(200)
  await stage.secrets.close()
  await endBackends()
  expect((await call('GET', '/orders', { tenant: 'acme' })).status).toBe(200)
})

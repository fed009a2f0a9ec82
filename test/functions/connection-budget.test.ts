import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { handler as bootstrap } from '../../functions/placements/bootstrap.ts'
import type { InvokeEndpoint } from '../../local/invoke-endpoint.ts'
import { secretName } from '../../shared/db/application-pools.ts'
import { placementNames } from '../../shared/tenancy/placement-names.ts'
import { operate } from '../support/call.ts'
import { startFunctions } from '../support/functions.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let lambda: InvokeEndpoint
const databases = { crowded: `test_${randomBytes(6).toString('hex')}`, roomy: `test_${randomBytes(6).toString('hex')}` }

beforeAll(async () => {
  process.env.BOOTSTRAP_FUNCTION = 'bootstrap'
  // The server of the tests has 200, three of them its superuser's.
  process.env.CONNECTION_BUDGET = 'crowded=198,roomy=197'
  stage = await createTestStage('control')
  const master = inject('master')
  stage.secrets.put('a-master', { username: master.user, password: master.password })
  for (const [name, database] of Object.entries(databases)) {
    const names = placementNames(database)
    for (const login of ['api', 'control'] as const) {
      stage.secrets.put(secretName('test', name, login), {
        ...{ host: master.host, port: master.port, dbname: database, ssl: false, masterarn: 'a-master' },
        ...{ username: names[login], password: randomBytes(12).toString('hex') },
      })
    }
  }
  lambda = await startFunctions(stage, { bootstrap })
})
afterAll(async () => {
  await lambda.close()
  await stage.end()
})

async function databasesThere(): Promise<string[]> {
  const client = new pg.Client(inject('superuser'))
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE datname = ANY ($1)',
    [Object.values(databases)],
  )
  await client.end()
  return rows.map(({ name }) => name)
}

it('a placement is not made on a server that has fewer connections than the functions may open', async () => {
  const refused = await operate('POST', '/placements', { name: 'crowded' })
  expectProblem(refused, 409, 'connections-short')
  expect(refused.body.detail).toContain('may open 198 connections, and the server has 197 for them')
  expect(await databasesThere()).toEqual([])
  const { body } = await operate('GET', '/placements')
  expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['main'])
})

it('and is made where they are enough, with the master that its own login names', async () => {
  expect((await operate('POST', '/placements', { name: 'roomy' })).status).toBe(201)
  expect(await databasesThere()).toEqual([databases.roomy])
})

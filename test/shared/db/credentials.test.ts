import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { secretName } from '../../../shared/db/application-pools.ts'
import { createCredentialsReader } from '../../../shared/db/credentials.ts'
import { createPools } from '../../../shared/db/pools.ts'
import { describeError } from '../../../shared/logger.ts'
import { createPlacement } from '../../../shared/tenancy/create-placement.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())

const secretId = (name: string) => name

it('fetches a secret once, however many ask for it at the same time', async () => {
  stage.secrets.put('shared', secretOf('a password'))
  const reader = createCredentialsReader({ secretId })
  const read = await Promise.all(Array.from({ length: 20 }, () => reader.read('shared')))
  expect(read.every(({ password }) => password === 'a password')).toBe(true)
  await reader.read('shared')
  expect(stage.secrets.requestsFor('shared')).toBe(1)
})

it('asks again after a failure', async () => {
  const reader = createCredentialsReader({ secretId })
  await expect(reader.read('late')).rejects.toMatchObject({ code: 'unavailable' })
  stage.secrets.put('late', secretOf('a password'))
  expect((await reader.read('late')).password).toBe('a password')
})

it('asks for TLS unless the secret says otherwise', async () => {
  const { ssl: _, ...secret } = secretOf('a password')
  stage.secrets.put('remote', secret)
  expect((await createCredentialsReader({ secretId }).read('remote')).ssl).toBe(true)
})

it.each([
  ['lacks its host', { ...secretOf('hunter2-hunter2'), host: undefined }],
  ['has no port', { ...secretOf('hunter2-hunter2'), port: 'hunter2-hunter2' }],
])('shows nothing of a secret that %s', async (_, secret) => {
  stage.secrets.put('broken', secret)
  const failure = await createCredentialsReader({ secretId })
    .read('broken')
    .catch((error) => error)
  expect(failure).toMatchObject({ code: 'unavailable' })
  expect(JSON.stringify(describeError(failure))).not.toContain('hunter2')
})

it('reads the secret again when the database refuses the password, and goes on', async () => {
  const login = secretName('test', 'main', 'api')
  const rotated = { api: randomBytes(12).toString('hex'), control: String(stage.connection('control').password) }
  const pools = createPools({ credentials: createCredentialsReader({ secretId: () => login }) })
  const ask = () => pools.withClient('main', 'read', async (client) => (await client.query('SELECT 1 AS one')).rows[0])

  stage.secrets.put(login, secretOf('outdated'))
  await expect(ask()).rejects.toMatchObject({ code: 'unavailable', cause: { code: '28P01' } })

  await createPlacement(inject('master'), { database: stage.names.database, holdsCatalog: true, passwords: rotated })
  stage.secrets.put(login, secretOf(rotated.api))
  expect(await ask()).toEqual({ one: 1 })

  // The connection that is open stays; a new one is refused once, and finds the new password by itself.
  const again = { ...rotated, api: randomBytes(12).toString('hex') }
  await createPlacement(inject('master'), { database: stage.names.database, holdsCatalog: true, passwords: again })
  stage.secrets.put(login, secretOf(again.api))
  const superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
  await superuser.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1', [
    stage.names.api,
  ])
  await superuser.end()
  expect(await ask()).toEqual({ one: 1 })
  await pools.end()
})

it('reads it again when a proxy has never heard of the user, as RDS Proxy says after a rotation: 28000', async () => {
  const superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
  const password = randomBytes(12).toString('hex')
  const current = randomBytes(12).toString('hex')
  const clone = `${stage.names.api}_clone`
  await superuser.query(`ALTER ROLE ${stage.names.api} PASSWORD '${current}'`)
  await superuser.query(`CREATE ROLE ${clone} LOGIN PASSWORD '${password}' IN ROLE ${stage.names.api}`)
  const pools = createPools({ credentials: createCredentialsReader({ secretId: () => 'alternating' }) })
  const ask = () =>
    pools.withClient('main', 'read', async (client) => (await client.query('SELECT session_user AS who')).rows[0]?.who)
  stage.secrets.put('alternating', secretOf(current))
  expect(await ask()).toBe(stage.names.api)

  stage.secrets.put('alternating', { ...secretOf(password), username: clone })
  // PostgreSQL's own 28000: a role that may not log in, whatever its password.
  await superuser.query(`ALTER ROLE ${stage.names.api} NOLOGIN`)
  await superuser.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1', [
    stage.names.api,
  ])
  expect(await ask()).toBe(clone)
  await pools.end()
  await superuser.query(`ALTER ROLE ${stage.names.api} LOGIN`)
  await superuser.end()
})

it('connects to a proxy where there is one, and to the server that the secret names where there is none', async () => {
  stage.secrets.put('proxied', { ...secretOf('a password'), host: 'server.invalid' })
  const hostOf = (placement: string) => (placement === 'proxied' ? 'proxy.invalid' : undefined)
  expect((await createCredentialsReader({ secretId, hostOf }).read('proxied')).host).toBe('proxy.invalid')
  expect((await createCredentialsReader({ secretId }).read('proxied')).host).toBe('server.invalid')
})

function secretOf(password: string): Record<string, unknown> {
  const { host, port, database } = stage?.connection('api') ?? { host: 'localhost', port: 5432, database: 'x' }
  return { host, port, dbname: database, ssl: false, username: stage?.names.api ?? 'x', password }
}

import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, inject, it, vi } from 'vitest'
import { call } from '../support/call.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let superuser: pg.Client

beforeAll(async () => {
  stage = await createTestStage()
  superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  await stage.end()
})
afterEach(() => {
  vi.useRealTimers()
})

async function setReachable(reachable: boolean): Promise<void> {
  await superuser.query(`ALTER DATABASE ${stage.names.database} ALLOW_CONNECTIONS ${reachable}`)
  if (!reachable)
    await superuser.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1`, [
      stage.names.database,
    ])
}

it('is public, and keeps its answer for a second, good or bad', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const health = () => call('GET', '/health', { host: 'nobody.example.net' })
  const healthy = await health()
  expect(healthy.status).toBe(200)
  expect(healthy.body).toEqual({ status: 'ok' })

  await setReachable(false)
  vi.advanceTimersByTime(999)
  expect((await health()).status).toBe(200)
  vi.advanceTimersByTime(1)
  const unhealthy = await health()
  expectProblem(unhealthy, 503, 'unavailable')
  expect(unhealthy.headers['retry-after']).toBe('1')

  await setReachable(true)
  vi.advanceTimersByTime(999)
  expect((await health()).status).toBe(503)
  vi.advanceTimersByTime(1)
  expect((await health()).status).toBe(200)
})

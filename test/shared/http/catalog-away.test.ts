import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { addPlacement } from '../../support/add-placement.ts'
import { call, keyOf } from '../../support/call.ts'
import { takeLogLines } from '../../support/log-lines.ts'
import { expectProblem } from '../../support/problem.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('api', { counted: true })
  // Its data stay within reach: only who it is, and who may call for it, is in the catalog.
  await addPlacement(stage, 'second')
  await stage.createTenant({ slug: 'acme', placement: 'second' })
})
afterAll(async () => {
  vi.useRealTimers()
  await stage.end()
})

const ask = (credential = keyOf('acme')) => call('GET', '/products', { tenant: 'acme', credential })

it('believes a credential for 10 s without the catalog, and then answers 503: neither 200 nor 401 nor 404', async () => {
  expect((await ask()).status).toBe(200)
  const { key: unused } = await stage.createKey('acme')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const { key } = await stage.createKey('acme')
  expect((await ask(key)).status).toBe(200)
  await stage.cutDatabase()
  expectProblem(await ask(unused), 503, 'unavailable')
  takeLogLines()
  vi.advanceTimersByTime(9_999)
  expect((await ask(key)).status).toBe(200)
  vi.advanceTimersByTime(1)
  const late = await ask(key)
  expectProblem(late, 503, 'unavailable')
  expect(late.headers['retry-after']).toBe('1')
  // The tenant itself would still have been believed.
  expect(JSON.stringify(takeLogLines())).toContain('serving a tenant record from memory')
  expectProblem(await call('GET', '/products', { tenant: 'nobody-there', credential: key }), 503, 'unavailable')
})

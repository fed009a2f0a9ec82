import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createOriginSecrets } from '../../../shared/http/origin-secret.ts'
import { originSecretHeader, viewerHostHeader } from '../../../shared/origin-headers.ts'
import { call, keyOf } from '../../support/call.ts'
import { expectProblem } from '../../support/problem.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
const draw = () => randomBytes(20).toString('hex')
const current = draw()

beforeAll(async () => {
  process.env.ORIGIN_SECRET = 'the-origin'
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme', domains: ['shop.acme.com'] })
  await stage.createTenant({ slug: 'other', domains: ['shop.other.com'] })
  stage.secrets.put('the-origin', { current, previous: '' })
})
afterAll(() => stage.end())
afterEach(() => {
  vi.useRealTimers()
})

const behind = (secret: string | undefined, viewer: string | undefined, host = 'origin.api.test', slug = 'acme') =>
  call('GET', '/products', {
    host,
    credential: keyOf(slug),
    headers: {
      ...(secret === undefined ? {} : { [originSecretHeader]: secret }),
      ...(viewer === undefined ? {} : { [viewerHostHeader]: viewer }),
    },
  })

describe("the viewer's host", () => {
  it('is believed together with the secret of our own CDN', async () => {
    expect((await behind(current, 'shop.acme.com')).status).toBe(200)
    expectProblem(await behind(current, 'shop.other.com'), 403, 'other-tenant')
  })

  it('is not there without it, or with another', async () => {
    for (const secret of [undefined, '', 'wrong', current.slice(1), `${current}x`, current.toUpperCase()]) {
      expectProblem(await behind(secret, 'shop.acme.com'), 403, 'other-tenant')
    }
  })

  it('moves nobody to another tenant who calls a domain itself', async () => {
    expect((await behind(undefined, 'shop.other.com', 'shop.acme.com')).status).toBe(200)
    expect((await behind('wrong', 'shop.other.com', 'shop.acme.com')).status).toBe(200)
  })

  it('that is no host is refused, whoever says it', async () => {
    expectProblem(await behind(current, 'no host'), 400, 'tenant-name-malformed')
  })

  it('is told pages by as well', async () => {
    const answer = await call('OPTIONS', '/products', {
      host: 'origin.api.test',
      headers: { origin: 'https://console.test', [originSecretHeader]: current, [viewerHostHeader]: 'api.test' },
    })
    expect(answer.headers['access-control-allow-origin']).toBe('https://console.test')
  })
})

it('a secret is replaced without a request refused: the new one and the one before are good', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const next = draw()
  stage.secrets.put('the-origin', { current: next, previous: current })
  // Not asked for by everybody who sends a wrong one: once a minute.
  const asked = stage.secrets.requestsFor('the-origin')
  for (let n = 0; n < 5; n += 1) expectProblem(await behind(next, 'shop.acme.com'), 403, 'other-tenant')
  expect(stage.secrets.requestsFor('the-origin')).toBe(asked)
  vi.advanceTimersByTime(61_000)
  expect((await behind(next, 'shop.acme.com')).status).toBe(200)
  expect((await behind(current, 'shop.acme.com')).status).toBe(200)
  expect(stage.secrets.requestsFor('the-origin')).toBe(asked + 1)

  stage.secrets.put('the-origin', { current: next, previous: '' })
  vi.advanceTimersByTime(5 * 60_000 + 1)
  expectProblem(await behind(current, 'shop.acme.com'), 403, 'other-tenant')
  expect((await behind(next, 'shop.acme.com')).status).toBe(200)
})

it('a secret that was never had is no answer: the request is told to come back, and it is asked for again in a second', async () => {
  let now = 1_000_000
  const secrets = createOriginSecrets('a-late-one', { now: () => now })
  await expect(secrets.isOurs(current)).rejects.toMatchObject({ code: 'unavailable' })
  stage.secrets.put('a-late-one', { current, previous: '' })
  await expect(secrets.isOurs(current)).rejects.toMatchObject({ code: 'unavailable' })
  now += 1_001
  expect(await secrets.isOurs(current)).toBe(true)
  expect(await secrets.isOurs('another')).toBe(false)
})

it('an empty secret is no secret', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 20 * 60_000 })
  stage.secrets.put('the-origin', { current: '', previous: '' })
  expectProblem(await behind('', 'shop.acme.com'), 403, 'other-tenant')
})

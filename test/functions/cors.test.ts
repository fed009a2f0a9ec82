import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changeTenant } from '../../shared/control/list-tenants.ts'
import { call } from '../support/call.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
const shop = 'https://shop.acme.test'

beforeAll(async () => {
  stage = await createTestStage('api', { counted: true })
  await stage.createTenant({ slug: 'acme', domains: ['api.acme.test'] })
  await stage.createTenant({ slug: 'other', domains: ['api.other.test'] })
  await changeTenant(stage.control, 'acme', { corsOrigins: [shop] })
})
afterAll(() => stage.end())

const preflight = (host: string, origin: string) =>
  call('OPTIONS', '/products/1', { host, headers: { origin, 'access-control-request-method': 'PATCH' } })
const allowed = 'access-control-allow-origin'

describe('a preflight', () => {
  it("is answered by the domain that was called: the tenant's own origins, on each of its names", async () => {
    for (const host of ['api.acme.test', 'acme.api.test']) {
      const answer = await preflight(host, shop)
      expect(answer).toMatchObject({
        status: 204,
        text: '',
        headers: {
          [allowed]: shop,
          'access-control-allow-methods': expect.stringContaining('PATCH'),
          'access-control-allow-headers': expect.stringMatching(
            /authorization.*content-type.*idempotency-key.*x-tenant/,
          ),
          vary: expect.stringContaining('origin'),
        },
      })
    }
  })

  it("of another tenant's origin is not, nor of one that only looks alike, nor at a domain of nobody", async () => {
    for (const [host, origin] of [
      ['api.other.test', shop],
      ['api.acme.test', `${shop}.evil.test`],
      ['api.acme.test', 'http://shop.acme.test'],
      ['api.acme.test', 'null'],
      ['api.nobody.test', shop],
    ] as const) {
      const answer = await preflight(host, origin)
      expect({ status: answer.status, origin: answer.headers[allowed] }, host).toEqual({
        status: 204,
        origin: undefined,
      })
    }
  })

  it("goes by the stage's list on the shared domain, where no tenant is named yet", async () => {
    expect((await preflight('api.test', 'https://console.test')).headers[allowed]).toBe('https://console.test')
    expect((await preflight('api.test', shop)).headers[allowed]).toBeUndefined()
  })
})

describe('an answer', () => {
  it('may be read by a page of an allowed origin, and by no other', async () => {
    const at = (origin: string) => call('GET', '/products', { host: 'api.acme.test', headers: { origin } })
    const read = await at(shop)
    expect(read).toMatchObject({ status: 200, headers: { [allowed]: shop } })
    expect(read.headers['access-control-expose-headers']).toContain('etag')
    expect((await at('https://evil.test')).headers[allowed]).toBeUndefined()
    // Cookies are never asked for.
    expect(read.headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('may be read when it is a refusal as well', async () => {
    const refused = await call('GET', '/products', {
      host: 'api.acme.test',
      credential: null,
      headers: { origin: shop },
    })
    expectProblem(refused, 401, 'unauthenticated')
    expect(refused.headers[allowed]).toBe(shop)
  })

  it('costs no round trip more for it', async () => {
    await stage.createTenant({ slug: 'first', domains: ['api.first.test'] })
    await stage.createTenant({ slug: 'second', domains: ['api.second.test'] })
    const flights = async (host: string, headers: Record<string, string>) => {
      stage.takeFlights()
      expect((await call('GET', '/products', { host, headers })).status).toBe(200)
      return stage.takeFlights()
    }
    expect(await flights('api.second.test', { origin: shop })).toBe(await flights('api.first.test', {}))
  })
})

describe('every name under the base domain', () => {
  it("is a tenant's by its slug, and contradicts no header but another's", async () => {
    const key = (await stage.createKey('acme')).key
    const at = (host: string, headers = {}) => call('GET', '/products', { host, headers, credential: key })
    expect((await at('acme.api.test')).status).toBe(200)
    expect((await at('ACME.api.test:443')).status).toBe(200)
    expect((await at('acme.api.test', { 'x-tenant': 'acme' })).status).toBe(200)
    expectProblem(await at('acme.api.test', { 'x-tenant': 'other' }), 400, 'tenant-names-disagree')
    expectProblem(await at('other.api.test'), 403, 'other-tenant')
    // Deeper than one label is nobody's.
    expectProblem(await at('x.acme.api.test'), 403, 'other-tenant')
  })
})

import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InvokeEndpoint } from '../../../local/invoke-endpoint.ts'
import { refreshDueSigningKeys, refreshSigningKeys } from '../../../shared/control/refresh-signing-keys.ts'
import { addIssuer, type IssuerRequest, listIssuers, removeIssuer } from '../../../shared/control/token-issuers.ts'
import type { SigningKeysRequest } from '../../../shared/courier/courier-request.ts'
import { fetchSigningKeys } from '../../../shared/courier/fetch-signing-keys.ts'
import { AppError } from '../../../shared/errors.ts'
import { call, keyOf } from '../../support/call.ts'
import { startFunctions } from '../../support/functions.ts'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts'
import { expectProblem } from '../../support/problem.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let provider: IdentityProvider
let lambda: InvokeEndpoint
let count = 0
let host: string
let a: string
let b: string

/** The courier, with the provider of this machine in the internet's place. */
const courier = (request: SigningKeysRequest) => fetchSigningKeys(request, provider.fetchOptions)

const signingKeys = async (event: unknown) => {
  const { issuer } = event as { issuer: string }
  return { refreshed: await refreshSigningKeys(stage.control, issuer, courier) }
}

beforeAll(async () => {
  process.env.SIGNING_KEYS_FUNCTION = 'signing-keys'
  stage = await createTestStage()
  lambda = await startFunctions(stage, { 'signing-keys': signingKeys })
})
afterAll(async () => {
  await lambda.close()
  await stage.end()
})
beforeEach(async () => {
  count += 1
  host = `login-${count}.example.com`
  provider = await startIdentityProvider(host)
  ;[a, b] = [`a-shop-${count}`, `b-shop-${count}`]
  for (const slug of [a, b]) await stage.createTenant({ slug })
})
afterEach(async () => {
  vi.useRealTimers()
  await provider.close()
})

const trust = (slug: string, request: Partial<IssuerRequest> = {}) =>
  addIssuer(stage.control, slug, {
    ...{ issuer: provider.issuer, audience: 'atrium', jwksUri: null, tenantClaim: null },
    ...{ scopeClaim: 'scope', scopeMap: null, ...request },
  })

const ask = (token: string, tenant = a, target = '/products') => call('GET', target, { tenant, credential: token })

const good = { aud: 'atrium', sub: 'olga', scope: 'products:read orders:read' }

it('takes a token of the issuer, whose keys are fetched for the first that comes', async () => {
  await trust(a)
  const answer = await ask(await provider.sign(good))
  expect(answer.status).toBe(200)
  expect(provider.takeRequests()).toEqual(['/.well-known/openid-configuration', '/jwks'])
  expect((await ask(await provider.sign({ ...good, sub: 'other' }))).status).toBe(200)
  expect(provider.takeRequests()).toEqual([])
  expect(await listIssuers(stage.control, a)).toMatchObject([
    { issuer: provider.issuer, signing_keys: 1, problem: null },
  ])
})

describe('a token is refused', () => {
  beforeEach(async () => {
    await trust(a)
    await refreshSigningKeys(stage.control, provider.issuer, courier)
  })
  const now = () => Math.floor(Date.now() / 1_000)

  it.each<[string, () => Promise<string>]>([
    ['of another audience', () => provider.sign({ ...good, aud: 'another' })],
    ['without an audience', () => provider.sign({ sub: 'olga', scope: 'products:read' })],
    ['of another issuer', () => provider.sign({ ...good, iss: 'https://elsewhere.example.com' })],
    ["of the issuer's name with a slash", () => provider.sign({ ...good, iss: `${provider.issuer}/` })],
    ['that has expired, more than a minute ago', () => provider.sign({ ...good, exp: now() - 61 })],
    ['that is not good yet, for more than a minute', () => provider.sign({ ...good, nbf: now() + 65 })],
    [
      'signed with another key of the same id',
      async () => {
        const other = await startIdentityProvider(host)
        const token = await other.sign(good)
        await other.close()
        return token
      },
    ],
    [
      'signed with nothing',
      async () => `${encode({ alg: 'none' })}.${encode({ ...good, iss: provider.issuer, exp: now() + 60 })}.`,
    ],
    [
      'signed with a shared secret',
      () =>
        new SignJWT({ ...good, iss: provider.issuer, exp: now() + 60 })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(Buffer.alloc(32)),
    ],
    [
      'that was changed',
      async () => {
        const [head = '', , signature = ''] = (await provider.sign(good)).split('.')
        return `${head}.${encode({ ...good, iss: provider.issuer, exp: now() + 60, scope: 'products:write' })}.${signature}`
      },
    ],
    ['that is none', async () => 'not.a.token'],
    ['with text that PostgreSQL cannot compare', () => provider.sign({ ...good, aud: 'a\0b' })],
    [
      'with a claim that PostgreSQL cannot compare, for another audience',
      () => provider.sign({ ...good, aud: 'x', org: '\ud800' }),
    ],
  ])('%s', async (_, sign) => {
    expectProblem(await ask(await sign()), 401, 'unauthenticated')
  })

  it('without an end', async () => {
    const token = await provider.sign({ ...good, exp: undefined as never })
    expectProblem(await ask(token), 401, 'unauthenticated')
  })

  it('only beyond a minute of skew', async () => {
    expect((await ask(await provider.sign({ ...good, exp: now() - 50 }))).status).toBe(200)
    expect((await ask(await provider.sign({ ...good, nbf: now() + 50 }))).status).toBe(200)
  })

  it('once it has expired, even while it is remembered', async () => {
    const token = await provider.sign({ ...good, exp: now() - 58 })
    expect((await ask(token)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expectProblem(await ask(token), 401, 'unauthenticated')
  })

  it('by a tenant that does not take it, and by one that takes it no longer', async () => {
    const token = await provider.sign(good)
    expectProblem(await ask(token, b), 403, 'other-tenant')
    const [issuer] = await listIssuers(stage.control, a)
    await removeIssuer(stage.control, a, issuer?.id ?? '')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 })
    expectProblem(await ask(token), 401, 'unauthenticated')
  })

  it('for a scope that it lacks', async () => {
    const answer = await call('POST', '/products', { tenant: a, credential: await provider.sign(good), body: {} })
    expectProblem(answer, 403, 'scope-missing')
  })
})

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('two tenants behind one issuer and audience', () => {
  it('are told apart by a claim, and neither is opened by a token of the other', async () => {
    await trust(a, { tenantClaim: { name: 'org', value: 'org-a' } })
    await trust(b, { tenantClaim: { name: 'org', value: 'org-b' } })
    const [ofA, ofB] = await Promise.all([
      provider.sign({ ...good, org: 'org-a' }),
      provider.sign({ ...good, org: 'org-b' }),
    ])
    expect((await ask(ofA, a)).status).toBe(200)
    expect((await ask(ofB, b)).status).toBe(200)
    expectProblem(await ask(ofA, b), 403, 'other-tenant')
    expectProblem(await ask(ofB, a), 403, 'other-tenant')
    for (const org of [undefined, 'org-c', '', ['org-a', 'org-b'], { 'org-a': 1 }]) {
      expectProblem(await ask(await provider.sign({ ...good, org }), a), 401, 'unauthenticated')
    }
  })

  it('cannot both be without a claim, nor by claims of two names, nor by one value', async () => {
    await trust(a)
    await expect(trust(b)).rejects.toMatchObject({ code: 'issuer_taken' })
    await expect(trust(b, { tenantClaim: { name: 'org', value: 'x' } })).rejects.toMatchObject({ code: 'issuer_taken' })
    const audience = 'second'
    await trust(a, { audience, tenantClaim: { name: 'org', value: 'x' } })
    await expect(trust(b, { audience })).rejects.toMatchObject({ code: 'issuer_taken' })
    await expect(trust(b, { audience, tenantClaim: { name: 'org', value: 'x' } })).rejects.toMatchObject({
      code: 'issuer_taken',
    })
    await expect(trust(b, { audience, tenantClaim: { name: 'team', value: 'y' } })).rejects.toMatchObject({
      code: 'issuer_taken',
    })
    await expect(trust(b, { audience: 'third', jwksUri: 'https://evil.example.com/jwks' })).rejects.toMatchObject({
      code: 'issuer_taken',
    })
    await trust(b, { audience: 'third' })
  })

  it('fetch its keys from one place, which neither of them gives for the other', async () => {
    const jwksUri = `${provider.issuer}/jwks`
    await trust(a, { jwksUri })
    await expect(trust(b, { audience: 'second' })).rejects.toMatchObject({ code: 'issuer_taken' })
    await expect(trust(b, { audience: 'second', jwksUri: 'https://evil.example.com/jwks' })).rejects.toMatchObject({
      code: 'issuer_taken',
    })
    await trust(b, { audience: 'second', jwksUri })
    expect(await listIssuers(stage.control, b)).toMatchObject([{ jwks_uri: jwksUri }])
  })

  it('leave an audience to whoever comes when the last of them has gone', async () => {
    const { id } = await trust(a, { tenantClaim: { name: 'org', value: 'x' } })
    await removeIssuer(stage.control, a, id)
    await trust(b)
  })
})

it('gives the scopes that the values of a claim are mapped to, and none for a value that is not', async () => {
  await trust(a, { scopeClaim: 'roles', scopeMap: { clerk: ['orders:read'], owner: ['products:read', 'orders:read'] } })
  const by = async (roles: unknown, target: string) =>
    (await ask(await provider.sign({ aud: 'atrium', roles }), a, target)).status
  expect(await by(['clerk'], '/orders')).toBe(200)
  expect(await by(['clerk'], '/products')).toBe(403)
  expect(await by('owner clerk', '/products')).toBe(200)
  expect(await by(['products:read', 'constructor'], '/products')).toBe(403)
})

it('takes no harm from keys of the issuer that cannot be used, nor from claims that are no texts', async () => {
  await trust(a)
  const token = await provider.sign({ aud: 'atrium', scope: [{ toString: 1 }, 7, null, 'products:read'] })
  expect((await ask(token)).status).toBe(200)
  const broken = [
    { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
    { kty: 'EC', crv: 'P-256' },
    { kty: 'RSA', e: 'AQAB' },
  ]
  for (const [n, key] of broken.entries()) {
    await stage.asOwner((client) =>
      client.query('UPDATE catalog.signing_keys SET jwks = $2 WHERE issuer = $1', [
        ...[provider.issuer, JSON.stringify({ keys: [{ ...key, kid: `broken-${n}` }] })],
      ]),
    )
    const alg = { kid: `broken-${n}` }
    expectProblem(await ask(await provider.sign({ ...good, sub: `broken ${n}` }, alg)), 401, 'unauthenticated')
  }
})

it('takes tokens of several issuers, and keys beside them', async () => {
  const second = await startIdentityProvider(`second-${count}.example.com`)
  await trust(a)
  await trust(a, { issuer: second.issuer })
  await refreshSigningKeys(stage.control, second.issuer, (request) => fetchSigningKeys(request, second.fetchOptions))
  expect((await ask(await provider.sign(good))).status).toBe(200)
  expect((await ask(await second.sign(good))).status).toBe(200)
  expect((await ask(keyOf(a))).status).toBe(200)
  await second.close()
})

it('gives what each of its audiences gives, to a token for several', async () => {
  await trust(a, { audience: 'one', scopeClaim: 'none' })
  await trust(a, { audience: 'two' })
  const token = await provider.sign({ ...good, aud: ['one', 'two'] })
  expect((await ask(token)).status).toBe(200)
})

describe("an issuer's keys", () => {
  it('that were asked for before it was removed and added again are not taken for its own', async () => {
    const { id } = await trust(a, { jwksUri: `${provider.issuer}/old` })
    const refreshed = await refreshSigningKeys(stage.control, provider.issuer, async (request) => {
      const keys = await courier(request)
      await removeIssuer(stage.control, a, id)
      await trust(b, { jwksUri: `${provider.issuer}/new` })
      return keys
    })
    expect(refreshed).toBe(false)
    expect(await listIssuers(stage.control, b)).toMatchObject([{ signing_keys: null, fetched_at: null }])
  })

  it('are fetched again for a key that is not known, at most once a minute, whatever tokens come', async () => {
    await trust(a)
    expect((await ask(await provider.sign(good))).status).toBe(200)
    await provider.rotate()
    provider.takeRequests()
    const fresh = await provider.sign(good)
    for (let n = 0; n < 5; n += 1) {
      expectProblem(
        await ask(await provider.sign({ ...good, sub: `made up ${n}` }, { kid: `made-up-${n}` })),
        401,
        'unauthenticated',
      )
    }
    expect(provider.takeRequests()).toEqual([])
    // A minute later by this function's clock and the database's.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    await stage.asOwner((client) =>
      client.query(`UPDATE catalog.signing_keys SET asked_at = asked_at - interval '61 s'`),
    )
    const again = await ask(fresh)
    expect(again.status).toBe(200)
    expect(provider.takeRequests()).toEqual(['/.well-known/openid-configuration', '/jwks'])
    expect(await refreshSigningKeys(stage.control, provider.issuer, courier)).toBe(false)
  })

  it('are awaited by all who ask while they are fetched', async () => {
    await trust(a)
    const others: Promise<boolean>[] = []
    const first = refreshSigningKeys(stage.control, provider.issuer, async (request) => {
      others.push(refreshSigningKeys(stage.control, provider.issuer, courier))
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      return courier(request)
    })
    expect([await first, ...(await Promise.all(others))]).toEqual([true, true])
    expect(provider.takeRequests()).toEqual(['/.well-known/openid-configuration', '/jwks'])
    expect(await refreshSigningKeys(stage.control, provider.issuer, courier)).toBe(false)
  })

  it('are awaited no longer than until they could not be fetched', async () => {
    await trust(a)
    const others: Promise<boolean>[] = []
    const failing = async () => {
      others.push(refreshSigningKeys(stage.control, provider.issuer, courier))
      await new Promise((resolve) => setTimeout(resolve, 300))
      throw new AppError('unavailable', 'answers 500')
    }
    await expect(refreshSigningKeys(stage.control, provider.issuer, failing)).rejects.toThrow('answers 500')
    expect(await Promise.all(others)).toEqual([false])
  })

  it('stay as they were when they cannot be fetched, which is written beside them', async () => {
    await trust(a)
    const token = await provider.sign(good)
    expect((await ask(token)).status).toBe(200)
    provider.answer(500, '')
    await stage.asOwner((client) =>
      client.query(`UPDATE catalog.signing_keys SET asked_at = now() - interval '2 hours' WHERE issuer = $1`, [
        provider.issuer,
      ]),
    )
    await refreshDueSigningKeys(stage.control, courier)
    const [listed] = await listIssuers(stage.control, a)
    expect(listed).toMatchObject({ signing_keys: 1, problem: expect.stringContaining('answers 500') })
    expect((await ask(await provider.sign({ ...good, sub: 'again' }))).status).toBe(200)
  })

  it('are fetched on a schedule, without anyone asking', async () => {
    await trust(a)
    await refreshDueSigningKeys(stage.control, courier)
    expect(provider.takeRequests()).toEqual(['/.well-known/openid-configuration', '/jwks'])
    await refreshDueSigningKeys(stage.control, courier)
    expect(provider.takeRequests()).toEqual([])
  })

  it('are fetched for no issuer that nobody takes', async () => {
    expect(await refreshSigningKeys(stage.control, provider.issuer, courier)).toBe(false)
    expectProblem(await ask(await provider.sign(good)), 401, 'unauthenticated')
    expect(provider.takeRequests()).toEqual([])
  })
})

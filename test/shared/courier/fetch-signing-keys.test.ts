import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handler } from '../../../functions/courier/handler.ts'
import { fetchSigningKeys } from '../../../shared/courier/fetch-signing-keys.ts'
import { isPublicAddress } from '../../../shared/courier/public-address.ts'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts'

let provider: IdentityProvider

beforeEach(async () => {
  provider = await startIdentityProvider()
})
afterEach(() => provider.close())

const fetchKeys = (overrides = {}, jwksUri: string | null = null, issuer = provider.issuer) =>
  fetchSigningKeys({ kind: 'jwks', issuer, jwksUri }, { ...provider.fetchOptions, ...overrides })

const failed = (message: string) => ({ code: 'fetch_failed', message: expect.stringContaining(message) })

it('finds the keys by the discovery document, or where they are said to be', async () => {
  const { keys } = await fetchKeys()
  expect(keys).toMatchObject([{ kty: 'RSA', kid: 'key-1', alg: 'RS256' }])
  expect(provider.takeRequests()).toEqual(['/.well-known/openid-configuration', '/jwks'])
  expect(await fetchKeys({}, `${provider.issuer}/elsewhere`)).toEqual({ keys })
  expect(provider.takeRequests()).toEqual(['/elsewhere'])
})

it('keeps the public members of public keys alone', async () => {
  provider.answer(
    200,
    JSON.stringify({
      keys: [
        { kty: 'oct', k: 'secret' },
        { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'private', other: 1 },
        'no key',
      ],
    }),
  )
  expect(await fetchKeys()).toEqual({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] })
})

describe('is refused', () => {
  it.each([
    ['a redirect', 302, '', { location: 'https://127.0.0.1/' }, 'answers 302'],
    ['an error', 500, '{}', {}, 'answers 500'],
    ['what is no JSON', 200, '<html>', {}, 'does not send JSON'],
    ['what holds no keys', 200, '{"keys":[]}', {}, 'holds no public keys'],
    ['what is too large', 200, `{"keys":["${'x'.repeat(300_000)}"]}`, {}, 'sends more than 262144 bytes'],
  ])('%s', async (_, status, body, headers, message) => {
    provider.answer(status, body, headers)
    await expect(fetchKeys()).rejects.toMatchObject(failed(message))
  })

  it('a server that takes too long', async () => {
    provider.hang()
    await expect(fetchKeys({ signal: AbortSignal.timeout(200) })).rejects.toMatchObject(failed('cannot be fetched'))
    const never = () => new Promise<never>(() => undefined)
    const fetching = fetchKeys({ signal: AbortSignal.timeout(50), resolve: never })
    await expect(fetching).rejects.toMatchObject(failed('has no address'))
  })

  it('a server whose certificate is not believed, or is for another name', async () => {
    await expect(fetchKeys({ ca: undefined })).rejects.toMatchObject(failed('cannot be fetched'))
    await expect(fetchKeys({}, null, 'https://other.example.com')).rejects.toMatchObject(failed('cannot be fetched'))
  })

  it('a discovery document of another issuer', async () => {
    await expect(fetchKeys({}, null, `${provider.issuer}/`)).rejects.toMatchObject(
      failed('is no discovery document of'),
    )
  })

  it('a name that leads inside, if only by one of its addresses; nothing is sent', async () => {
    const { isAllowed: _, ...options } = provider.fetchOptions
    for (const addresses of [['127.0.0.1'], ['93.184.215.14', '10.0.0.1'], ['::1']]) {
      const fetching = fetchSigningKeys(
        { kind: 'jwks', issuer: provider.issuer, jwksUri: null },
        { ...options, resolve: async () => addresses },
      )
      await expect(fetching).rejects.toMatchObject(failed('not public'))
    }
    expect(provider.takeRequests()).toEqual([])
  })

  it.each([
    'http://login.example.com/jwks',
    'https://127.0.0.1/jwks',
    'https://[::1]/jwks',
    'https://2130706433/jwks',
    'https://user:word@login.example.com/jwks',
    'https://login.example.com:8080/jwks',
    'file:///etc/passwd',
    'no url',
  ])('the URL %s', async (uri) => {
    await expect(fetchKeys({}, uri)).rejects.toMatchObject({ code: 'fetch_failed' })
    expect(provider.takeRequests()).toEqual([])
  })
})

it('answers why it failed, and fails itself only for what it cannot understand', async () => {
  expect(await handler({ kind: 'jwks', issuer: 'https://127.0.0.1', jwksUri: null })).toEqual({
    failed: 'https://127.0.0.1/.well-known/openid-configuration names no host.',
  })
  await expect(handler({ kind: 'other' })).rejects.toThrow()
})

it.each(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'])('takes %s for public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

it.each([
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
  ...['192.168.1.1', '192.0.2.1', '198.18.0.1', '203.0.113.7', '224.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '64:ff9b::a00:1'],
  ...['2001:db8::1', '2002:7f00:1::', '2001::1'],
])('takes %s for an address of the inside', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

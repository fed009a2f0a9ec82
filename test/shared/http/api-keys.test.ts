import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { collectKeyUses, listKeys, revokeKey, rotateKey } from '../../../shared/control/api-keys.ts'
import { drawApiKey } from '../../../shared/tenancy/api-key.ts'
import { call, keyOf } from '../../support/call.ts'
import { takeLogLines } from '../../support/log-lines.ts'
import { expectProblem } from '../../support/problem.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let slug: string
let count = 0

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'other' })
})
afterAll(() => stage.end())
beforeEach(async () => {
  count += 1
  slug = `shop-${count}`
  await stage.createTenant({ slug })
})

const ask = (credential: string | null, target = '/products', tenant = slug) =>
  call('GET', target, { tenant, credential })
const newKey = async (request = {}) => (await stage.createKey(slug, request)).key

describe('a request is not authenticated', () => {
  it.each<[string, (key: string) => Record<string, string>]>([
    ['without a credential', () => ({})],
    ['by a key that there is not', () => ({ authorization: `Bearer ${drawApiKey().text}` })],
    ['by a key in another scheme', (key) => ({ authorization: `Basic ${key}` })],
    ['by a key without a scheme', (key) => ({ authorization: key })],
    ['by two keys', (key) => ({ authorization: `Bearer ${key},Bearer ${key}` })],
    ['by an empty header', () => ({ authorization: '' })],
    ['by a key in another header', (key) => ({ 'x-api-key': key })],
    ["by another key with a real one's id", (key) => ({ authorization: `Bearer ${forge(key)}` })],
  ])('%s: 401, the same for a tenant that there is and one that there is not', async (_, headersOf) => {
    const headers = headersOf(await newKey())
    const known = await call('GET', '/products', { tenant: slug, credential: null, headers })
    expectProblem(known, 401, 'unauthenticated')
    expect(known.headers['www-authenticate']).toBe('Bearer realm="atrium"')
    const unknown = await call('GET', '/products', { tenant: 'nobody-there', credential: null, headers })
    const { instance: _instance, ...body } = known.body
    expect(unknown).toMatchObject({ status: 401, body })
    expect(Object.keys(unknown.headers)).toEqual(Object.keys(known.headers))
  })

  it('by a mistyped key, and is told so without anyone being asked', async () => {
    const key = await newKey()
    const answer = await ask(`${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`)
    expectProblem(answer, 401, 'unauthenticated')
    expect(answer.body.detail).toContain('mistyped')
  })

  it('by one that has expired, even while it is remembered', async () => {
    const key = await newKey({ expiresAt: new Date(Date.now() + 300).toISOString() })
    expect((await ask(key)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 350))
    expectProblem(await ask(key), 401, 'unauthenticated')
  })
})

/** Another secret, with its own right checksum, under the id of a real key. */
function forge(key: string): string {
  for (;;) {
    const other = drawApiKey().text
    const text = `${key.slice(0, 17)}${other.slice(17)}`
    if (text !== key) return withChecksum(text)
  }
}

function withChecksum(text: string): string {
  const { crc32 } = process.getBuiltinModule('node:zlib')
  const stem = text.slice(0, -7)
  return `${stem}${crc32(stem).toString(36).padStart(7, '0')}`
}

it('refuses a key of another tenant, by header and by domain, and no statement reaches the schema', async () => {
  const other = keyOf('other')
  for (const options of [{ tenant: slug }, { host: `${slug}.example.com` }]) {
    expectProblem(await call('GET', '/products', { ...options, credential: other }), 403, 'other-tenant')
    const write = { ...options, credential: other, body: { name: 'x', price: '1' } }
    expectProblem(await call('POST', '/products', write), 403, 'other-tenant')
  }
  // A tenant that there is not looks the same.
  expectProblem(await ask(other, '/products', 'nobody-there'), 403, 'other-tenant')
  expect((await ask(keyOf(slug))).body.items).toEqual([])
})

it('refuses a scope that the key lacks, and names it', async () => {
  const key = await newKey({ scopes: ['products:read'] })
  expect((await ask(key)).status).toBe(200)
  for (const [method, target, scope] of [
    ['POST', '/products', 'products:write'],
    ['DELETE', '/products/1', 'products:write'],
    ['GET', '/orders', 'orders:read'],
    ['POST', '/orders', 'orders:write'],
  ] as const) {
    const answer = await call(method, target, { tenant: slug, credential: key, body: {} })
    expectProblem(answer, 403, 'scope-missing')
    expect(answer.body.detail).toContain(`"${scope}"`)
  }
})

describe('what is refused first', () => {
  const setStatus = (status: string) =>
    stage.asOwner((client) => client.query('UPDATE catalog.tenants SET status = $2 WHERE slug = $1', [slug, status]))

  it('goes by the order of the design', async () => {
    const full = keyOf(slug)
    const reader = await newKey({ scopes: ['products:read'] })
    await setStatus('suspended')
    const wrong = { body: { nonsense: true }, headers: { domain: 'other' } }
    const post = (options: object) => call('POST', '/products', { tenant: slug, ...options })
    expectProblem(await post({ ...wrong, credential: null }), 400, 'tenant-names-disagree')
    expectProblem(await post({ body: wrong.body, credential: null }), 401, 'unauthenticated')
    expectProblem(await post({ body: wrong.body, credential: keyOf('other') }), 403, 'other-tenant')
    expectProblem(await post({ body: wrong.body, credential: reader }), 403, 'tenant-suspended')
    await setStatus('active')
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    expectProblem(await post({ body: wrong.body, credential: reader }), 403, 'scope-missing')
    expectProblem(await post({ body: wrong.body, credential: full }), 400, 'invalid-request')
  })
})

describe('revoking', () => {
  it('shows within 10 s, and not before it is asked for again', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    try {
      const { key, key_id } = await stage.createKey(slug)
      expect((await ask(key)).status).toBe(200)
      await revokeKey(stage.control, slug, key_id)
      vi.advanceTimersByTime(9_999)
      expect((await ask(key)).status).toBe(200)
      vi.advanceTimersByTime(1)
      expectProblem(await ask(key), 401, 'unauthenticated')
    } finally {
      vi.useRealTimers()
    }
  })

  it('is for a key of the tenant alone', async () => {
    const { key_id } = await stage.createKey(slug)
    await expect(revokeKey(stage.control, 'other', key_id)).rejects.toMatchObject({ code: 'not_found' })
  })
})

it('rotates a key into one like it, and lets the old one end', async () => {
  const { key_id } = await stage.createKey(slug, { scopes: ['orders:read'], name: 'till' })
  const made = await rotateKey(stage.control, slug, key_id, 2)
  expect(made).toMatchObject({ name: 'till', scopes: ['orders:read'], state: 'active', expires_at: null })
  const old = (await listKeys(stage.control, slug)).find((key) => key.key_id === key_id)
  expect(Date.parse(old?.expires_at ?? '') / 3_600_000).toBeCloseTo(Date.now() / 3_600_000 + 2, 2)
  expect((await ask(made.key, '/orders')).status).toBe(200)
  await expect(rotateKey(stage.control, slug, key_id, 2)).rejects.toMatchObject({
    ...{ code: 'wrong_status', message: expect.stringContaining(`replaced by ${made.key_id}`) },
  })
  await revokeKey(stage.control, slug, made.key_id)
  await expect(rotateKey(stage.control, slug, made.key_id, 2)).rejects.toMatchObject({ code: 'wrong_status' })
})

it('notes the hour of its last use, once, and not for a request that was refused before', async () => {
  const { key, key_id } = await stage.createKey(slug, { scopes: ['orders:read'] })
  const used = async () => {
    await collectKeyUses(stage.control, slug)
    return (await listKeys(stage.control, slug)).find((each) => each.key_id === key_id)?.last_used_at ?? null
  }
  await ask(key)
  expect(await used()).toBeNull()
  await ask(key, '/orders')
  const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString().replace('.000', '')
  expect(await used()).toBe(hour)
  await stage.asOwner((client) => client.query('DELETE FROM atrium.key_uses'))
  await ask(key, '/orders')
  const { rows } = await stage.asOwner((client) => client.query('SELECT FROM atrium.key_uses'))
  expect(rows).toHaveLength(0)
})

it('is in no log line and no error, whatever is done with it', async () => {
  takeLogLines()
  const key = await newKey()
  await ask(key)
  await ask(`${key}x`)
  await ask(key, '/products', 'other')
  const lines = JSON.stringify(takeLogLines())
  expect(lines).toContain('"caller"')
  expect(lines).not.toContain(key.slice(17, 40))
})

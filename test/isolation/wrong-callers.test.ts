import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scopes } from '../../functions/routes.ts'
import { revokeKey } from '../../shared/control/api-keys.ts'
import { drawApiKey } from '../../shared/tenancy/api-key.ts'
import { type CallResult, call, keyOf } from '../support/call.ts'
import { expectProblem } from '../support/problem.ts'
import { type GuardedRoute, readGuardedRoutes } from '../support/route-requests.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

/** Every route of the table, replayed as every kind of wrong caller. */
const guarded = await readGuardedRoutes()

let stage: TestStage
const credentials: Record<string, string> = {}

beforeAll(async () => {
  stage = await createTestStage()
  for (const slug of ['victim', 'stranger']) {
    await stage.createTenant({ slug, domains: [`${slug}.example.com`] })
  }
  for (const [slug, rows] of [
    ['victim', 40],
    ['stranger', 2],
  ] as const) {
    await stage.inSchemaOf(slug, async (client) => {
      await client.query(
        `INSERT INTO products (name, price) SELECT '${slug}s own ' || n, 7 FROM generate_series(1, $1::int) n`,
        [rows],
      )
      await client.query('INSERT INTO orders (product_id, quantity, unit_price) SELECT id, 1, 7 FROM products')
    })
  }
  const full = keyOf('victim')
  const make = (request: object) => stage.createKey('victim', request)
  const revoked = await make({})
  await revokeKey(stage.control, 'victim', revoked.key_id)
  const expired = await make({})
  await stage.asOwner((client) =>
    client.query(`UPDATE catalog.api_keys SET expires_at = now() - interval '1 s' WHERE key_id = $1`, [expired.key_id]),
  )
  const { privateKey } = await generateKeyPair('RS256')
  Object.assign(credentials, {
    full,
    'a key that there is not': drawApiKey().text,
    'a mistyped key': `${full}x`,
    'an expired key': expired.key,
    'a revoked key': revoked.key,
    'a token of nobody': await new SignJWT({ iss: 'https://login.example.com', aud: 'atrium', exp: 4_000_000_000 })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(privateKey),
    'the key of another tenant': keyOf('stranger'),
  })
  for (const scope of scopes) {
    credentials[`without ${scope}`] = (await make({ scopes: scopes.filter((other) => other !== scope) })).key
  }
})
afterAll(() => stage.end())

const before = () =>
  stage.inSchemaOf('victim', async (client) => {
    const { rows } = await client.query(
      'SELECT (SELECT json_agg(p ORDER BY id) FROM products p) AS products, (SELECT json_agg(o ORDER BY id) FROM orders o) AS orders',
    )
    return rows[0]
  })

/** A request that the right caller would be served, with `id` wherever the route takes one. */
function send(
  route: GuardedRoute,
  credential: string | null,
  id = '1',
  as: object = { tenant: 'victim' },
): Promise<CallResult> {
  const bodies: Record<string, unknown> = { name: 'x', price: '1', product_id: id, quantity: 1 }
  const body = Object.fromEntries(
    route.fields.body.filter((name) => name in bodies).map((name) => [name, bodies[name]]),
  )
  const query = route.fields.query.filter((name) => name.endsWith('_id')).map((name) => `${name}=${id}`)
  const target = `${route.path.replace(/\{\w+\}/g, id)}${query.length > 0 ? `?${query.join('&')}` : ''}`
  return call(route.method, target, { ...as, credential, ...(route.fields.body.length > 0 ? { body } : {}) })
}

describe.each(guarded.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  it.each([
    ['no credential', 401, 'unauthenticated'],
    ['a key that there is not', 401, 'unauthenticated'],
    ['a mistyped key', 401, 'unauthenticated'],
    ['an expired key', 401, 'unauthenticated'],
    ['a revoked key', 401, 'unauthenticated'],
    ['a token of nobody', 401, 'unauthenticated'],
    ['the key of another tenant', 403, 'other-tenant'],
  ])('refuses %s, and changes nothing', async (caller, status, type) => {
    const stored = await before()
    for (const as of [{ tenant: 'victim' }, { host: 'victim.example.com' }]) {
      expectProblem(await send(route, credentials[caller] ?? null, '1', as), status, type)
    }
    expect(await before()).toEqual(stored)
  })

  it('refuses a key that has every scope but its own', async () => {
    const stored = await before()
    const answer = await send(route, credentials[`without ${route.access}`] ?? '')
    expectProblem(answer, 403, 'scope-missing')
    expect(answer.body.detail).toContain(route.access)
    expect(await before()).toEqual(stored)
  })

  it("shows the right caller of another tenant nothing of this one's, for its ids in path, query and body", async () => {
    const stored = await before()
    const answer = await send(route, keyOf('stranger'), '35', { tenant: 'stranger' })
    expect(answer.status).toBeLessThan(500)
    expect(answer.text).not.toContain('victims own')
    if (route.path.includes('{') || route.fields.body.includes('product_id')) {
      expect([404, 422]).toContain(answer.status)
    }
    expect(await before()).toEqual(stored)
  })

  it('serves the right one', async () => {
    expect((await send(route, credentials.full ?? '', '40')).status).toBeLessThan(500)
    expect([401, 403]).not.toContain((await send(route, credentials.full ?? '', '40')).status)
  })
})

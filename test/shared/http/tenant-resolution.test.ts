import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawApiKey } from '../../../shared/tenancy/api-key.ts'
import { type CallOptions, call, keyOf } from '../../support/call.ts'
import { takeLogLines } from '../../support/log-lines.ts'
import { expectProblem } from '../../support/problem.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme', domains: ['shop.acme.com', 'acme.localhost', 'xn--bcher-kva.example'] })
  await stage.createTenant({ slug: 'other', domains: ['shop.other.com'] })
  for (const tenant of ['acme', 'other']) {
    await call('POST', '/products', { tenant, body: { name: `of ${tenant}`, price: '1' } })
  }
})
afterAll(() => stage.end())

/** The tenant whose product answered. */
async function served(options: CallOptions): Promise<string> {
  const { status, body } = await call('GET', '/products', { credential: keyOf('acme'), ...options })
  expect(status).toBe(200)
  expect(body.items).toHaveLength(1)
  return body.items[0].name
}

describe('a request is served', () => {
  it.each<[string, CallOptions]>([
    ["on the tenant's domain", { host: 'shop.acme.com' }],
    ['on another of its domains', { host: 'acme.localhost' }],
    ['with a port', { host: 'shop.acme.com:3000' }],
    ['in capitals', { host: 'SHOP.Acme.COM' }],
    ['with a trailing dot', { host: 'shop.acme.com.' }],
    ['on an international domain', { host: 'xn--bcher-kva.example' }],
    ['on the shared domain by x-tenant', { headers: { 'x-tenant': 'acme' } }],
    ['by the header domain', { headers: { domain: 'acme' } }],
    ['by a domain in x-tenant', { headers: { 'x-tenant': 'shop.acme.com' } }],
    ['by a domain in the header domain', { headers: { domain: 'Shop.Acme.com.' } }],
    ['by a header in capitals', { headers: { 'x-tenant': ' ACME ' } }],
    [
      "on API Gateway's own endpoint",
      { host: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com', headers: { 'x-tenant': 'acme' } },
    ],
    ['by two headers that agree', { headers: { 'x-tenant': 'acme', domain: 'shop.acme.com' } }],
    ['on its domain with its own slug', { host: 'shop.acme.com', headers: { 'x-tenant': 'acme' } }],
    ['on its domain with another of its domains', { host: 'shop.acme.com', headers: { domain: 'acme.localhost' } }],
    ['whatever X-Forwarded-Host says', { host: 'shop.acme.com', headers: { 'x-forwarded-host': 'shop.other.com' } }],
    ['whatever Forwarded says', { host: 'shop.acme.com', headers: { forwarded: 'host=shop.other.com' } }],
  ])('%s', async (_, options) => {
    expect(await served(options)).toBe('of acme')
  })
})

describe('a request is refused', () => {
  it.each<[string, CallOptions, number, string]>([
    ['when nothing names a tenant', {}, 400, 'tenant-not-named'],
    ['when only X-Forwarded-Host does', { headers: { 'x-forwarded-host': 'shop.acme.com' } }, 400, 'tenant-not-named'],
    ['when two headers disagree', { headers: { 'x-tenant': 'acme', domain: 'other' } }, 400, 'tenant-names-disagree'],
    [
      'when two unknown names disagree',
      { headers: { 'x-tenant': 'one-one', domain: 'two-two' } },
      400,
      'tenant-names-disagree',
    ],
    [
      'when one of two headers is unknown',
      { headers: { 'x-tenant': 'acme', domain: 'nobody' } },
      400,
      'tenant-names-disagree',
    ],
    [
      "on a tenant's domain with another's header",
      { host: 'shop.acme.com', headers: { 'x-tenant': 'other' } },
      400,
      'tenant-names-disagree',
    ],
    [
      "on a tenant's domain with an unknown header",
      { host: 'shop.acme.com', headers: { domain: 'nobody' } },
      400,
      'tenant-names-disagree',
    ],
    [
      "on nobody's domain with a tenant's header",
      { host: 'nobody.com', headers: { 'x-tenant': 'acme' } },
      400,
      'tenant-names-disagree',
    ],
    ['when a header is repeated', { headers: { 'x-tenant': 'acme,acme' } }, 400, 'tenant-name-malformed'],
    [
      'when a header is repeated with another',
      { headers: { 'x-tenant': 'acme, other' } },
      400,
      'tenant-name-malformed',
    ],
    ['when a header is empty', { headers: { 'x-tenant': '' } }, 400, 'tenant-name-malformed'],
    ['when a header is no name', { headers: { 'x-tenant': "acme'; DROP SCHEMA x" } }, 400, 'tenant-name-malformed'],
    ['when a header is a schema', { headers: { 'x-tenant': 't_acme_00000000' } }, 400, 'tenant-name-malformed'],
    ['when the host is no name', { host: 'a b', headers: { 'x-tenant': 'acme' } }, 400, 'tenant-name-malformed'],
    ['on an IPv6 literal', { host: '[2001:db8::1]:443' }, 403, 'other-tenant'],
    ['on an unknown domain', { host: 'shop.nobody.com' }, 403, 'other-tenant'],
    ["under a tenant's domain", { host: 'a.shop.acme.com' }, 403, 'other-tenant'],
    ['with an unknown slug', { headers: { 'x-tenant': 'nobody' } }, 403, 'other-tenant'],
    ['with a shared domain for a tenant', { headers: { 'x-tenant': 'api.test' } }, 403, 'other-tenant'],
  ])('%s', async (_, options, status, type) => {
    const credential = keyOf('acme')
    expectProblem(await call('GET', '/products', { credential, ...options }), status, type)
    // Without a good credential an unknown tenant looks like a known one: what only the catalog knows is not told.
    const told = status === 400 && !(type === 'tenant-names-disagree' && options.host !== undefined)
    for (const credential of [null, drawApiKey().text]) {
      const stranger = await call('GET', '/products', { ...options, credential })
      expectProblem(stranger, told ? 400 : 401, told ? type : 'unauthenticated')
    }
  })
})

it('refuses a tenant whose status forbids it, and serves reads of one that is moving', async () => {
  const setStatus = (slug: string, status: string) =>
    stage.asOwner((client) =>
      client.query(
        "UPDATE catalog.tenants SET status = $2, purge_after = CASE $2 WHEN 'deleting' THEN now() END WHERE slug = $1",
        [slug, status],
      ),
    )
  for (const [status, code, type] of [
    ['provisioning', 503, 'tenant-not-ready'],
    ['suspending', 403, 'tenant-suspended'],
    ['suspended', 403, 'tenant-suspended'],
    ['deleting', 403, 'tenant-suspended'],
  ] as const) {
    const { slug } = await stage.createTenant()
    await setStatus(slug, status)
    expectProblem(await call('GET', '/products', { tenant: slug }), code, type)
  }
  const { slug } = await stage.createTenant()
  await setStatus(slug, 'moving')
  expect((await call('GET', '/products', { tenant: slug })).status).toBe(200)
  const write = await call('POST', '/products', { tenant: slug, body: { name: 'x', price: '1' } })
  expectProblem(write, 503, 'tenant-moving')
  expect(write.headers['retry-after']).toBe('5')
})

it('asks the catalog once more when the database refuses a tenant that the cache took for active', async () => {
  const { slug, ref } = await stage.createTenant()
  expect((await call('GET', '/products', { tenant: slug })).status).toBe(200)
  await stage.asOwner(async (client) => {
    await client.query('UPDATE catalog.tenants SET status = $2 WHERE slug = $1', [slug, 'suspended'])
    await client.query(`REVOKE USAGE ON SCHEMA ${ref.schema} FROM ${ref.schema}`)
  })
  expectProblem(await call('GET', '/products', { tenant: slug }), 403, 'tenant-suspended')
})

it('answers 500, and not another status, when an active tenant lacks what it should have', async () => {
  const { slug, ref } = await stage.createTenant()
  await stage.asOwner((client) => client.query(`DROP TABLE ${ref.schema}.orders CASCADE`))
  expectProblem(await call('GET', '/orders', { tenant: slug }), 500, 'internal')
  const [line] = takeLogLines().slice(-1)
  expect(line).toMatchObject({
    level: 'ERROR',
    status: 500,
    tenant: slug,
    errorCode: 'internal',
    error: { cause: { code: '42P01' } },
  })
})

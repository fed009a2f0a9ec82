import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMigrations } from '../../../shared/db/migrations.ts'
import { buildTenantSchema } from '../../../shared/tenancy/build-tenant-schema.ts'
import { provisionTenant } from '../../../shared/tenancy/provision-tenant.ts'
import { registerPlacement } from '../../../shared/tenancy/register-placement.ts'
import { registerTenant } from '../../../shared/tenancy/register-tenant.ts'
import { drawSchemaName } from '../../../shared/tenancy/slug.ts'
import { call } from '../../support/call.ts'
import { startCountingProxy } from '../../support/counting-proxy.ts'
import { createDirectPools } from '../../support/direct-pools.ts'
import { expectProblem } from '../../support/problem.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())

/** All that the database knows of tenants: catalog rows, versions, schemas, roles, tables, indexes, grants. */
function everything(): Promise<unknown> {
  return stage.asOwner(async (client) => {
    const { rows } = await client.query(`
      SELECT
        (SELECT json_agg(t ORDER BY t.id) FROM catalog.tenants t) AS tenants,
        (SELECT json_agg(d ORDER BY d.domain) FROM catalog.domains d) AS domains,
        (SELECT json_agg(v ORDER BY v.schema_name) FROM atrium.tenant_versions v) AS versions,
        (SELECT json_agg(json_build_array(n.oid, n.nspname, n.nspowner, n.nspacl::text) ORDER BY n.nspname)
           FROM pg_namespace n WHERE n.nspname LIKE 't\\_%') AS schemas,
        (SELECT json_agg(json_build_array(c.oid, c.relname, c.relowner, c.relacl::text) ORDER BY c.oid)
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname LIKE 't\\_%') AS relations`)
    return rows[0]
  })
}

const acme = { slug: 'acme', name: 'Acme Ltd', domains: ['shop.acme.com', 'ACME.example.com.'] }

describe('provisionTenant', () => {
  it('makes a tenant that is served on its domains and by its slug', async () => {
    const { tenant, created } = await provisionTenant(stage.control, acme)
    expect(created).toBe(true)
    expect(tenant).toMatchObject({ slug: 'acme', name: 'Acme Ltd', status: 'active' })
    expect(tenant.version).toBe((await readMigrations('tenant')).length)
    expect(tenant.ref.schema).toMatch(/^t_acme_[0-9a-f]{8}$/)
    await stage.createKey('acme', { domains: acme.domains })
    for (const host of ['shop.acme.com', 'acme.example.com']) {
      expect((await call('GET', '/products', { host })).status).toBe(200)
    }
    expect((await call('GET', '/products', { tenant: 'acme' })).status).toBe(200)
  })

  it('changes nothing when it is run again', async () => {
    const before = await everything()
    const again = await provisionTenant(stage.control, { ...acme, domains: acme.domains.toReversed() })
    expect(again.created).toBe(false)
    expect(await everything()).toEqual(before)
  })

  it('costs a few round trips, and fewer when there is nothing to do', async () => {
    const { host, port } = stage.connection('control')
    const proxy = await startCountingProxy({ host: String(host), port: Number(port) })
    const pools = createDirectPools(stage.connection('control'), { port: proxy.port })
    await registerPlacement({ ...stage.control, pools }, 'main')
    const request = { slug: 'counted', name: 'Counted', domains: ['counted.example.com', 'counted.example.org'] }
    proxy.takeFlights()
    await provisionTenant({ ...stage.control, pools }, request)
    expect(proxy.takeFlights()).toBe(8)
    await provisionTenant({ ...stage.control, pools }, request)
    expect(proxy.takeFlights()).toBe(3)
    await provisionTenant({ ...stage.control, pools }, { slug: 'without', name: 'Without domains', domains: [] })
    expect(proxy.takeFlights()).toBe(7)
    await pools.end()
    await proxy.close()
  })

  it('makes one tenant of ten calls at once, and one of them says so', async () => {
    const request = { slug: 'at-once', name: 'At once', domains: ['at-once.example.com'] }
    const results = await Promise.all(Array.from({ length: 10 }, () => provisionTenant(stage.control, request)))
    expect(results.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(results.map(({ tenant }) => JSON.stringify(tenant))).size).toBe(1)
    await stage.createKey('at-once')
    expect((await call('POST', '/products', { tenant: 'at-once', body: { name: 'x', price: '1' } })).status).toBe(201)
  })

  it('makes many tenants at once', async () => {
    const slugs = Array.from({ length: 20 }, (_, n) => `many-${n}`)
    await Promise.all(slugs.map((slug) => stage.createTenant({ slug })))
    const answers = await Promise.all(slugs.map((tenant) => call('GET', '/products', { tenant })))
    expect(answers.map(({ status }) => status)).toEqual(slugs.map(() => 200))
  })

  it('finishes a tenant whose registration was all that was done, refused as not ready until then', async () => {
    const request = { slug: 'half-way', name: 'Half way', domains: ['half-way.example.com'] }
    await registerTenant(stage.control, { ...request, placement: 'main' })
    await stage.createKey('half-way', { domains: request.domains })
    const early = await call('GET', '/products', { host: 'half-way.example.com' })
    expectProblem(early, 503, 'tenant-not-ready')
    expect(early.headers['retry-after']).toBe('5')
    expect((await provisionTenant(stage.control, request)).created).toBe(true)
  })

  it('finishes a tenant whose schema was made but not activated', async () => {
    const request = { slug: 'almost', name: 'Almost', domains: ['almost.example.com'] }
    const registered = await registerTenant(stage.control, { ...request, placement: 'main' })
    await buildTenantSchema(stage.control.pools, registered.ref, await readMigrations('tenant'))
    const { tenant, created } = await provisionTenant(stage.control, request)
    expect({ created, schema: tenant.ref.schema, status: tenant.status }).toEqual({
      ...{ created: true, schema: registered.ref.schema, status: 'active' },
    })
  })

  it('leaves nothing of a schema whose making failed', async () => {
    const before = await everything()
    const [migration] = await readMigrations('tenant')
    if (migration === undefined) throw new Error('no migration')
    const broken = [migration, { ...migration, version: 2, sql: 'CREATE TABLE extra (id int); SELECT 1/0;' }]
    const ref = { ...(await stage.createTenant({ slug: 'whole' })).ref, schema: drawSchemaName('broken') }
    const after = await everything()
    await expect(buildTenantSchema(stage.control.pools, ref, broken)).rejects.toMatchObject({ code: 'internal' })
    expect(await everything()).toEqual(after)
    expect(after).not.toEqual(before)
  })

  it.each([
    ['another name', { name: 'Other Ltd' }],
    ['another domain', { domains: ['other.acme.com'] }],
  ])('refuses the slug of a tenant with %s', async (_, change) => {
    const before = await everything()
    await expect(provisionTenant(stage.control, { ...acme, ...change })).rejects.toMatchObject({ code: 'slug_taken' })
    expect(await everything()).toEqual(before)
  })

  it('refuses a domain of another tenant, and keeps nothing of the attempt', async () => {
    const before = await everything()
    const thief = { slug: 'thief', name: 'Thief', domains: ['thief.example.com', 'shop.acme.com'] }
    await expect(provisionTenant(stage.control, thief)).rejects.toMatchObject({
      ...{ code: 'domain_taken', message: 'Another tenant has the domain shop.acme.com.' },
    })
    expect(await everything()).toEqual(before)
  })

  it.each([
    ['a reserved slug', { slug: 'admin' }, 'invalid_slug'],
    ['an empty name', { name: '  ' }, 'invalid_tenant_name'],
    ['a name of 201 characters', { name: 'x'.repeat(201) }, 'invalid_tenant_name'],
    ['a name that holds NUL', { name: 'a\0b' }, 'invalid_tenant_name'],
    ['a name of two lines', { name: 'a\nb' }, 'invalid_tenant_name'],
    ['a domain that is an address', { domains: ['192.0.2.1'] }, 'invalid_domain'],
    ['a wildcard', { domains: ['*.acme.com'] }, 'invalid_domain'],
  ])('refuses %s', async (_, change, code) => {
    const request = { slug: 'fine', name: 'Fine', domains: ['fine.example.com'], ...change }
    await expect(provisionTenant(stage.control, request)).rejects.toMatchObject({ code })
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { operationKinds } from '../../functions/operations/operation-kinds.ts'
import { purgeTenant } from '../../shared/control/delete-tenant.ts'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { purgeOperation } from '../../shared/control/purge-operation.ts'
import { runSlice } from '../../shared/control/run-operations.ts'
import { startDuePurges } from '../../shared/control/start-purges.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import { buildTenantSchema } from '../../shared/tenancy/build-tenant-schema.ts'
import { registerTenant } from '../../shared/tenancy/register-tenant.ts'
import { eventFor, invoke, operate, operator } from '../support/call.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let slug: string
let count = 0

beforeAll(async () => {
  stage = await createTestStage('control')
})
afterAll(() => stage.end())
beforeEach(async () => {
  count += 1
  slug = `shop-${count}`
  expect((await operate('POST', '/tenants', { slug, name: 'Shop', domains: [`${slug}.example.com`] })).status).toBe(201)
})

/** What the database answers to the tenant's own role, whatever the catalog says. */
async function inDatabase(of = slug): Promise<string> {
  const pools = createDirectPools(stage.connection('api'))
  try {
    const tenant = await getTenant(stage.control, of)
    await openTenantDatabase(pools, tenant.ref).read('SELECT id FROM products', [])
    return 'served'
  } catch (error) {
    return error instanceof Error && error.cause instanceof pg.DatabaseError ? String(error.cause.code) : String(error)
  } finally {
    await pools.end()
  }
}

const status = async (of = slug) => (await operate('GET', `/tenants/${of}`)).body.status
const runAll = async () => {
  while ((await runSlice(stage.control, operationKinds, { deadline: Date.now() + 60_000 })) !== 'idle');
}

describe('the control plane', () => {
  it('serves nobody whom IAM has not let through', async () => {
    const event = { ...eventFor('GET', '/products'), routeKey: 'GET /tenants' }
    expectProblem(await invoke(event), 401, 'operator-unknown')
  })

  it('writes every change into the audit, refused ones too, and no read', async () => {
    await operate('POST', '/tenants', { slug: 'admin', name: 'x' })
    await operate('GET', `/tenants/${slug}`)
    const { body } = await operate('GET', '/audit?limit=2')
    expect(body.items).toMatchObject([
      { principal: operator, action: 'POST /tenants', target: '/tenants', outcome: '400 invalid_slug' },
      { principal: operator, action: 'POST /tenants', target: '/tenants', outcome: '201' },
    ])
  })
})

describe('an audit that cannot be ended', () => {
  const text = {
    begin: `CREATE FUNCTION catalog.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
      CREATE TRIGGER refuse BEFORE UPDATE ON catalog.audit EXECUTE FUNCTION catalog.refuse()`,
    end: 'DROP TRIGGER refuse ON catalog.audit; DROP FUNCTION catalog.refuse()',
  }
  beforeEach(() => stage.asOwner((client) => client.query(text.begin)))
  afterEach(() => stage.asOwner((client) => client.query(text.end)))

  it('leaves what was done answered as it was done, and its entry without an outcome', async () => {
    expect((await operate('PATCH', `/tenants/${slug}`, { name: 'New' })).body).toMatchObject({ name: 'New' })
    expectProblem(await operate('POST', '/tenants/nobody/suspend'), 404, 'tenant-unknown')
    const { body } = await operate('GET', '/audit?limit=2')
    expect(body.items.map(({ outcome }: { outcome: string | null }) => outcome)).toEqual([null, null])
  })
})

describe('POST /tenants', () => {
  it('answers 201 with the tenant, and 200 to the same request again', async () => {
    const request = { slug: 'acme', name: 'Acme', domains: ['acme.example.com'] }
    const first = await operate('POST', '/tenants', request)
    expect(first.status).toBe(201)
    expect(first.headers.location).toBe('/tenants/acme')
    // Its domain is claimed, and not routed before it is proven.
    expect((await operate('GET', '/tenants/acme/domains')).body.items).toMatchObject([
      { domain: 'acme.example.com', state: 'proof wanted' },
    ])
    expect(first.body).toMatchObject({
      ...request,
      domains: [],
      status: 'active',
      placement: 'main',
      purge_after: null,
    })
    const again = await operate('POST', '/tenants', request)
    expect(again.status).toBe(200)
    expect(again.body).toEqual(first.body)
    expectProblem(await operate('POST', '/tenants', { ...request, name: 'Other' }), 409, 'slug-taken')
  })

  it('refuses a request without a body', async () => {
    expectProblem(await operate('POST', '/tenants'), 400, 'malformed-body')
  })
})

describe('GET /tenants', () => {
  it('pages, and filters by status', async () => {
    await operate('POST', `/tenants/${slug}/suspend`)
    const { body } = await operate('GET', '/tenants?status=suspended&limit=200')
    expect(body.items.map((tenant: { slug: string }) => tenant.slug)).toContain(slug)
    const first = await operate('GET', '/tenants?limit=1')
    const second = await operate('GET', `/tenants?limit=1&cursor=${first.body.next_cursor}`)
    expect(second.body.items[0].id).not.toBe(first.body.items[0].id)
    expectProblem(await operate('GET', '/tenants?status=lost'), 400, 'invalid-request')
  })

  it('answers 404 for a tenant that there is not', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/suspend'],
      ['POST', '/resume'],
      ['POST', '/restore'],
      ['DELETE', ''],
    ] as const) {
      expectProblem(await operate(method, `/tenants/nobody${path}`), 404, 'tenant-unknown')
    }
    expectProblem(await operate('PATCH', '/tenants/nobody', { name: 'x' }), 404, 'tenant-unknown')
  })
})

describe('suspending', () => {
  it('makes the database refuse the tenant at once, and resuming undoes it', async () => {
    expect(await inDatabase()).toBe('served')
    expect((await operate('POST', `/tenants/${slug}/suspend`)).body.status).toBe('suspended')
    expect(await inDatabase()).toBe('42P01')
    expect((await operate('POST', `/tenants/${slug}/suspend`)).status).toBe(200)
    expect((await operate('POST', `/tenants/${slug}/resume`)).body.status).toBe('active')
    expect(await inDatabase()).toBe('served')
  })

  it('leaves no transaction that began before: one that wrote is ended, and not committed', async () => {
    const tenant = await getTenant(stage.control, slug)
    const old = new pg.Client(stage.connection('api'))
    old.on('error', () => undefined)
    await old.connect()
    await old.query('BEGIN')
    await old.query('SELECT atrium.enter($1, false, 0, 0)', [tenant.ref.schema])
    await old.query("INSERT INTO products (name, price) VALUES ('too late', 1)")
    expect((await operate('POST', `/tenants/${slug}/suspend`)).body.status).toBe('suspended')
    await expect(old.query('COMMIT')).rejects.toThrow()
    const { rows } = await stage.inSchemaOf(slug, (client) => client.query('SELECT name FROM products'))
    expect(rows).toEqual([])
  })

  it('leaves the last word to who resumes it behind its schema being shut', async () => {
    const { ref } = await getTenant(stage.control, slug)
    const tenant = new pg.Client(stage.connection('api'))
    await tenant.connect()
    await tenant.query('BEGIN')
    await tenant.query('SELECT atrium.enter($1, false, 0, 0)', [ref.schema])
    await tenant.query('SELECT FROM products')
    const suspending = operate('POST', `/tenants/${slug}/suspend`)
    while ((await status()) !== 'suspending') await sleep(5)
    await stage.asOwner(async (client) => {
      await client.query('SELECT FROM catalog.tenants WHERE slug = $1 FOR UPDATE', [slug])
      await tenant.query('COMMIT')
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      while ((await client.query(waiting)).rowCount === 0) await sleep(5)
      await client.query("UPDATE catalog.tenants SET status = 'active' WHERE slug = $1", [slug])
    })
    await tenant.end()
    expect(await suspending).toMatchObject({ status: 200, body: { status: 'active' } })
  })

  it('converges when it died half way', async () => {
    await stage.asOwner((client) =>
      client.query("UPDATE catalog.tenants SET status = 'suspending' WHERE slug = $1", [slug]),
    )
    expect((await operate('POST', `/tenants/${slug}/suspend`)).body.status).toBe('suspended')
    expect(await inDatabase()).toBe('42P01')
  })

  it('and resuming at once end with the database doing as the catalog says', async () => {
    for (let round = 0; round < 10; round += 1) {
      await Promise.allSettled([
        operate('POST', `/tenants/${slug}/suspend`),
        operate('POST', `/tenants/${slug}/resume`),
        operate('POST', `/tenants/${slug}/suspend`),
      ])
      const said = await status()
      expect(['active', 'suspended']).toContain(said)
      expect(await inDatabase()).toBe(said === 'active' ? 'served' : '42P01')
    }
  })
})

it('answers all who suspend and resume a tenant at once', async () => {
  const asked = Array.from({ length: 24 }, (_, n) =>
    operate('POST', `/tenants/${slug}/${n % 2 === 0 ? 'suspend' : 'resume'}`),
  )
  expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([200]))
})

describe('PATCH /tenants/{slug}', () => {
  it('changes the name and nothing else', async () => {
    const before = (await operate('GET', `/tenants/${slug}`)).body
    const renamed = await operate('PATCH', `/tenants/${slug}`, { name: 'Shop & Sons' })
    expect(renamed.body).toEqual({ ...before, name: 'Shop & Sons' })
    expectProblem(await operate('PATCH', `/tenants/${slug}`, { slug: 'other' }), 400, 'invalid-request')
  })
})

describe('DELETE /tenants/{slug}', () => {
  it('refuses the tenant from now on, keeps its rows for 30 days, and restoring brings it back', async () => {
    await stage.inSchemaOf(slug, (client) => client.query("INSERT INTO products (name, price) VALUES ('kept', 1)"))
    const { body } = await operate('DELETE', `/tenants/${slug}`)
    expect(body.status).toBe('deleting')
    expect(Date.parse(body.purge_after) - Date.now()).toBeGreaterThan(29.9 * 86_400_000)
    expect(await inDatabase()).toBe('42P01')
    expect((await operate('POST', `/tenants/${slug}/restore`)).body).toMatchObject({
      status: 'active',
      purge_after: null,
    })
    expect(await inDatabase()).toBe('served')
    expectProblem(
      await operate('POST', `/tenants/${slug}/restore`)
        .then(() => operate('POST', `/tenants/${slug}/suspend`))
        .then(() => operate('POST', `/tenants/${slug}/restore`)),
      409,
      'wrong-status',
    )
  })

  it.each([0, 1])('restores one that was deleted while it was made, at version %i, and makes it', async (made) => {
    const { ref } = await registerTenant(stage.control, {
      ...{ slug: `${slug}-half`, name: 'Half', domains: [], placement: undefined },
    })
    const migrations = await readMigrations('tenant')
    if (made > 0) await buildTenantSchema(stage.control.pools, ref, migrations.slice(0, made))
    await operate('DELETE', `/tenants/${slug}-half`)
    const restored = await operate('POST', `/tenants/${slug}-half/restore`)
    expect(restored).toMatchObject({ status: 200, body: { status: 'active' } })
    expect((await getTenant(stage.control, `${slug}-half`)).version).toBe(made || migrations.length)
    expect(await inDatabase(`${slug}-half`)).toBe('served')
  })

  it('is not purged any more when it was put off by then, and no other that has its slug by then is', async () => {
    const { id } = await getTenant(stage.control, slug)
    await operate('DELETE', `/tenants/${slug}?grace_days=0`)
    await startDuePurges(stage.control)
    await stage.asOwner((client) =>
      client.query("UPDATE catalog.tenants SET purge_after = now() + interval '1 day' WHERE id = $1", [id]),
    )
    await runAll()
    const [latest] = (await operate('GET', '/operations?limit=1')).body.items
    expect(latest).toMatchObject({ kind: 'purge', state: 'failed', problem: { code: 'wrong_status' } })
    expect((await operate('POST', `/tenants/${slug}/restore`)).body.status).toBe('active')
    expect(await inDatabase()).toBe('served')

    await operate('DELETE', `/tenants/${slug}?purge=${slug}`)
    await runAll()
    await stage.createTenant({ slug })
    await operate('DELETE', `/tenants/${slug}?grace_days=0`)
    // A worker that was frozen goes on.
    const tools = { id: '0', lease: '', deadline: 0 }
    const step = await purgeOperation.step(stage.control, { slug, id }, {}, tools)
    expect(step).toMatchObject({ result: { purged: slug } })
    expect(await status()).toBe('deleting')
  })

  it('goes on with a purge of code that kept no id', async () => {
    await operate('DELETE', `/tenants/${slug}?grace_days=0`)
    await startOperation(stage.control, purgeOperation, { input: { slug }, tenant: slug, operator })
    await runAll()
    expectProblem(await operate('GET', `/tenants/${slug}`), 404, 'tenant-unknown')
  })

  it('does not take the purge of the last tenant of its slug for its own', async () => {
    const input = { slug, id: '0' }
    await startOperation(stage.control, purgeOperation, { input, tenant: slug, operator })
    expectProblem(await operate('DELETE', `/tenants/${slug}?purge=${slug}`), 409, 'operation-running')
    await runAll()
    expect((await operate('DELETE', `/tenants/${slug}?purge=${slug}`)).status).toBe(202)
    await runAll()
    expectProblem(await operate('GET', `/tenants/${slug}`), 404, 'tenant-unknown')
  })

  it('is not purged any more when it is restored at that very moment', async () => {
    const { id, ref } = await getTenant(stage.control, slug)
    await operate('DELETE', `/tenants/${slug}?grace_days=0`)
    const { purging } = await stage.asOwner(async (client) => {
      await client.query("UPDATE catalog.tenants SET status = 'active', purge_after = NULL WHERE id = $1", [id])
      const purging = purgeTenant(stage.control, id).catch(({ code }) => code)
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      while ((await client.query(waiting)).rowCount === 0) await sleep(5)
      return { purging }
    })
    expect(await purging).toBe('wrong_status')
    const { rows } = await stage.asOwner((client) => client.query('SELECT to_regnamespace($1) AS there', [ref.schema]))
    expect(rows[0].there).toBe(ref.schema)
  })

  it('purges when the time has come, and not before', async () => {
    await operate('DELETE', `/tenants/${slug}?grace_days=1`)
    await startDuePurges(stage.control)
    await runAll()
    expect(await status()).toBe('deleting')
    await operate('DELETE', `/tenants/${slug}?grace_days=0`)
    expectProblem(await operate('POST', `/tenants/${slug}/restore`), 409, 'wrong-status')
    expect(await startDuePurges(stage.control)).toBe(1)
    expect(await startDuePurges(stage.control)).toBe(0)
    await runAll()
    expectProblem(await operate('GET', `/tenants/${slug}`), 404, 'tenant-unknown')
  })

  it('answers the purge that is under way, when the schedule of purges or another operator was first', async () => {
    await operate('DELETE', `/tenants/${slug}?grace_days=0`)
    await startDuePurges(stage.control)
    const first = await operate('DELETE', `/tenants/${slug}?purge=${slug}`)
    expect(first).toMatchObject({ status: 202, body: { kind: 'purge', started_by: 'the schedule of purges' } })
    expect((await operate('DELETE', `/tenants/${slug}?purge=${slug}`)).body.id).toBe(first.body.id)
    await runAll()
    expectProblem(await operate('GET', `/tenants/${slug}`), 404, 'tenant-unknown')
  })

  it('is accepted while a worker looks for due purges all the time', async () => {
    const slugs = Array.from({ length: 8 }, (_, n) => `${slug}-${n}`)
    for (const each of slugs) await operate('POST', '/tenants', { slug: each, name: each })
    let stop = false
    const working = (async () => {
      while (!stop) {
        await startDuePurges(stage.control)
        await runSlice(stage.control, operationKinds, { deadline: Date.now() + 60_000 })
      }
    })()
    const answers = []
    for (const each of slugs) answers.push((await operate('DELETE', `/tenants/${each}?purge=${each}`)).status)
    stop = true
    await working
    await runAll()
    expect(answers).toEqual(slugs.map(() => 202))
    expect(await Promise.all(slugs.map((each) => operate('GET', `/tenants/${each}`)))).toEqual(
      slugs.map(() => expect.objectContaining({ status: 404 })),
    )
  })

  it('cannot be put off once its time has come', async () => {
    await operate('DELETE', `/tenants/${slug}?purge=${slug}`)
    expectProblem(await operate('DELETE', `/tenants/${slug}?grace_days=30`), 409, 'wrong-status')
    expectProblem(await operate('POST', `/tenants/${slug}/restore`), 409, 'wrong-status')
    await runAll()
    expectProblem(await operate('GET', `/tenants/${slug}`), 404, 'tenant-unknown')
  })

  it('purges now when the slug is given again: schema, role, version and catalog rows; and the slug is free', async () => {
    const tenant = await getTenant(stage.control, slug)
    expectProblem(await operate('DELETE', `/tenants/${slug}?purge=other`), 400, 'confirmation-needed')
    const accepted = await operate('DELETE', `/tenants/${slug}?purge=${slug}`)
    expect(accepted.status).toBe(202)
    expect(accepted.headers.location).toBe(`/operations/${accepted.body.id}`)
    expect(accepted.body).toMatchObject({ kind: 'purge', state: 'pending', tenant: slug, started_by: operator })
    await runAll()
    expect((await operate('GET', `/operations/${accepted.body.id}`)).body).toMatchObject({
      state: 'succeeded',
      progress: { done: 1, total: 1 },
    })
    const left = await stage.asOwner(async (client) => {
      const { rows } = await client.query(
        `SELECT (SELECT count(*)::int FROM pg_namespace WHERE nspname = $1) AS schemas,
           (SELECT count(*)::int FROM pg_roles WHERE rolname = $1) AS roles,
           (SELECT count(*)::int FROM atrium.tenant_versions WHERE schema_name = $1) AS versions,
           (SELECT count(*)::int FROM catalog.domains WHERE domain = $2) AS domains`,
        [tenant.ref.schema, `${slug}.example.com`],
      )
      return rows[0]
    })
    expect(left).toEqual({ schemas: 0, roles: 0, versions: 0, domains: 0 })
    expect((await operate('POST', '/tenants', { slug, name: 'Anew', domains: [`${slug}.example.com`] })).status).toBe(
      201,
    )
    const anew = await getTenant(stage.control, slug)
    expect(anew.ref.schema).not.toBe(tenant.ref.schema)
  })

  it('goes on with a purge that died after the schema was gone', async () => {
    const tenant = await getTenant(stage.control, slug)
    await operate('DELETE', `/tenants/${slug}?purge=${slug}`)
    await stage.asOwner((client) => client.query(`DROP SCHEMA ${tenant.ref.schema} CASCADE`))
    await runAll()
    expectProblem(await operate('GET', `/tenants/${slug}`), 404, 'tenant-unknown')
  })
})

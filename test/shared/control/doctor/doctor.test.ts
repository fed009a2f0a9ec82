import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { checkServer } from '../../../../shared/control/doctor/check-server.ts'
import { createDoctorOperation } from '../../../../shared/control/doctor/doctor-operation.ts'
import type { Finding } from '../../../../shared/control/doctor/finding.ts'
import { getOperation, startOperation } from '../../../../shared/control/operations.ts'
import { updatePlacement } from '../../../../shared/control/placements.ts'
import { runSlice } from '../../../../shared/control/run-operations.ts'
import { refOf } from '../../../../shared/tenancy/catalog-queries.ts'
import { proveSeparation } from '../../../../shared/tenancy/prove-separation.ts'
import type { Tenant } from '../../../../shared/tenancy/tenant.ts'
import { addPlacement } from '../../../support/add-placement.ts'
import { createDirectPools } from '../../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

let stage: TestStage
let a: Tenant
let b: Tenant

beforeAll(async () => {
  stage = await createTestStage('control')
  a = await stage.createTenant()
  b = await stage.createTenant()
})
afterAll(() => stage.end())

/** The probe, with the API's login, as its function has it. */
const kind = createDoctorOperation(async ({ placement, schemas: [one, other] }) => {
  const pools = createDirectPools(stage.connection('api'), { size: 4 })
  try {
    return await proveSeparation(pools, refOf(placement, one), refOf(placement, other))
  } finally {
    await pools.end()
  }
})

async function examine(): Promise<Map<string, Finding>> {
  const { id } = await startOperation(stage.control, kind, { input: {}, tenant: null, operator: 'olga' })
  while (
    (await runSlice(stage.control, new Map([[kind.kind, kind]]), { deadline: Date.now() + 60_000 })) !== 'finished'
  );
  const { result } = await getOperation(stage.control, id)
  const { findings } = result as { findings: Finding[] }
  return new Map(findings.map((finding) => [finding.check, finding]))
}

it('finds a sound stage sound, having seen two tenants on one backend', async () => {
  const findings = await examine()
  expect([...findings].map(([check, { state }]) => [check, state])).toEqual([
    ['separation', 'ok'],
    ['grants', 'ok'],
    ['version', 'ok'],
    ['clock', 'ok'],
    ['connections', 'ok'],
    // Nothing is reserved for the functions of a test.
    ['connection budget', 'unknown'],
    ['memory', process.platform === 'linux' ? 'ok' : 'unknown'],
    ['schemas', 'ok'],
    ['versions', 'ok'],
    ['room', 'ok'],
  ])
  expect(findings.get('separation')?.detail).toMatch(/^two tenants on [1-4] shared backends, 400 transactions/)
  expect(findings.get('grants')?.detail).toContain('tenants: 2')
})

it('fails a server that has fewer connections than the functions may open', async () => {
  const budget = async (needed: number) => {
    const findings = await stage.asOwner((client) => checkServer(client, 'main', needed))
    return findings.find(({ check }) => check === 'connection budget')
  }
  expect(await budget(100)).toMatchObject({ state: 'ok', detail: 'the functions may open 100 of 197' })
  expect(await budget(198)).toMatchObject({
    state: 'failed',
    detail: expect.stringContaining('the functions may open 198 connections, and the server has 197 for them'),
  })
})

describe('whatever is granted beyond the design', () => {
  const undo: string[] = []
  afterEach(() => stage.asOwner((client) => client.query(undo.splice(0).join(';'))))

  it.each<[what: string, make: (names: Names) => string, unmake: (names: Names) => string, told: RegExp]>([
    [
      'PUBLIC on a table',
      ({ A }) => `GRANT SELECT ON ${A}.products TO PUBLIC`,
      ({ A }) => `REVOKE ALL ON ${A}.products FROM PUBLIC`,
      /PUBLIC has SELECT on t_tenant_1_\w+\.products/,
    ],
    [
      "the API's login on a table",
      ({ A, api }) => `GRANT UPDATE ON ${A}.orders TO ${api}`,
      ({ A, api }) => `REVOKE ALL ON ${A}.orders FROM ${api}`,
      /_api has UPDATE on t_tenant_1_\w+\.orders/,
    ],
    [
      'another tenant on a schema',
      ({ A, B }) => `GRANT USAGE ON SCHEMA ${A} TO ${B}`,
      ({ A, B }) => `REVOKE USAGE ON SCHEMA ${A} FROM ${B}`,
      /t_tenant_2_\w+ has USAGE on the schema t_tenant_1_\w+/,
    ],
    [
      'a tenant TRUNCATE on its own table',
      ({ A }) => `GRANT TRUNCATE ON ${A}.orders TO ${A}`,
      ({ A }) => `REVOKE TRUNCATE ON ${A}.orders FROM ${A}`,
      /has TRUNCATE on/,
    ],
    [
      'a tenant the record of versions',
      ({ A }) => `GRANT SELECT ON atrium.tenant_versions TO ${A}`,
      ({ A }) => `REVOKE ALL ON atrium.tenant_versions FROM ${A}`,
      /a tenant's role, has SELECT on atrium\.tenant_versions/,
    ],
    [
      'a tenant another tenant',
      ({ A, B }) => `GRANT ${A} TO ${B}`,
      ({ A, B }) => `REVOKE ${A} FROM ${B}`,
      /t_tenant_2_\w+ is a member of t_tenant_1_/,
    ],
    [
      "the API's login a tenant by inheritance",
      ({ A, api }) => `GRANT ${A} TO ${api} WITH INHERIT TRUE`,
      ({ A, api }) => `GRANT ${A} TO ${api} WITH INHERIT FALSE`,
      /_api inherits t_tenant_1_/,
    ],
    [
      'a tenant a log-in',
      ({ A }) => `ALTER ROLE ${A} LOGIN`,
      ({ A }) => `ALTER ROLE ${A} NOLOGIN`,
      /t_tenant_1_\w+ may log in/,
    ],
    [
      'a tenant CREATE',
      ({ A }) => `GRANT CREATE ON SCHEMA ${A} TO ${A}`,
      ({ A }) => `REVOKE CREATE ON SCHEMA ${A} FROM ${A}`,
      /has CREATE on the schema/,
    ],
    [
      'PUBLIC temporary tables',
      ({ database }) => `GRANT TEMP ON DATABASE ${database} TO PUBLIC`,
      ({ database }) => `REVOKE TEMP ON DATABASE ${database} FROM PUBLIC`,
      /PUBLIC has TEMPORARY on the database/,
    ],
    [
      'a function its owner',
      () => `CREATE FUNCTION atrium.leak() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
      () => 'DROP FUNCTION atrium.leak()',
      /atrium\.leak\(\) runs as its owner.*; PUBLIC may call atrium\.leak/,
    ],
    [
      'a column of a tenant to another',
      ({ A, B }) => `GRANT SELECT (name) ON ${A}.products TO ${B}`,
      ({ A, B }) => `REVOKE ALL (name) ON ${A}.products FROM ${B}`,
      /t_tenant_2_\w+ has SELECT on the column t_tenant_1_\w+\.products\.name/,
    ],
    [
      'the catalog to PUBLIC',
      () => 'GRANT SELECT ON catalog.tenants TO PUBLIC',
      () => 'REVOKE SELECT ON catalog.tenants FROM PUBLIC',
      /PUBLIC has SELECT catalog\.tenants/,
    ],
    [
      "more of the catalog to the API's login",
      ({ api }) => `GRANT UPDATE (status) ON catalog.tenants TO ${api}`,
      ({ api }) => `REVOKE UPDATE (status) ON catalog.tenants FROM ${api}`,
      /_api has UPDATE catalog\.tenants\.status/,
    ],
    [
      "less of the catalog to the API's login",
      ({ api }) => `REVOKE SELECT (jwks) ON catalog.signing_keys FROM ${api}`,
      ({ api }) => `GRANT SELECT (jwks) ON catalog.signing_keys TO ${api}`,
      /login lacks SELECT catalog\.signing_keys\.jwks/,
    ],
    [
      "a function of the owner's to a tenant",
      ({ A }) => `GRANT EXECUTE ON FUNCTION atrium.advance_version TO ${A}`,
      ({ A }) => `REVOKE EXECUTE ON FUNCTION atrium.advance_version FROM ${A}`,
      /t_tenant_1_\w+ may call atrium\.advance_version/,
    ],
    [
      'nobody the way in',
      () => 'REVOKE EXECUTE ON FUNCTION atrium.enter FROM PUBLIC',
      () => 'GRANT EXECUTE ON FUNCTION atrium.enter TO PUBLIC',
      /PUBLIC may not call atrium\.enter/,
    ],
    [
      'an active tenant nothing',
      ({ A }) => `REVOKE USAGE ON SCHEMA ${A} FROM ${A}; REVOKE INSERT ON ${A}.orders FROM ${A}`,
      ({ A }) => `GRANT USAGE ON SCHEMA ${A} TO ${A}; GRANT INSERT ON ${A}.orders TO ${A}`,
      /t_tenant_1_\w+ may not use its schema; t_tenant_1_\w+ lacks INSERT on its table orders/,
    ],
    [
      'to others by default',
      ({ B }) => `ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${B}`,
      ({ B }) => `ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM ${B}`,
      /is granted to others by default/,
    ],
    [
      'a role switch nothing',
      ({ A, api }) => `REVOKE ${A} FROM ${api}`,
      ({ A, api }) => `GRANT ${A} TO ${api} WITH INHERIT FALSE, SET TRUE`,
      /login may not switch to t_tenant_1_/,
    ],
  ])('is told: %s', async (_, make, unmake, told) => {
    const names = { A: a.ref.schema, B: b.ref.schema, api: stage.names.api, database: stage.names.database }
    undo.push(unmake(names))
    await stage.asOwner((client) => client.query(make(names)))
    const findings = await examine()
    const grants = findings.get('grants')
    expect(grants?.state).toBe('failed')
    expect(grants?.detail).toMatch(told)
  })

  interface Names {
    readonly A: string
    readonly B: string
    readonly api: string
    readonly database: string
  }
})

it("tells of memberships of the API's login, and of those in it", async () => {
  const master = new pg.Client(inject('master'))
  await master.connect()
  const { owner, api } = stage.names
  try {
    await master.query(`GRANT ${owner} TO ${api}`)
    await master.query(
      `CREATE ROLE ${api}_stranger LOGIN; GRANT ${api} TO ${api}_stranger; CREATE ROLE ${api}_clone LOGIN; GRANT ${api} TO ${api}_clone`,
    )
    const detail = (await examine()).get('grants')?.detail
    expect(detail).toContain(`the API's login is a member of ${owner}`)
    expect(detail).toContain(`${api}_stranger is a member of the API's login`)
    expect(detail).not.toContain(`${api}_clone is`)
  } finally {
    await master.query(`REVOKE ${owner} FROM ${api}; DROP ROLE ${api}_stranger, ${api}_clone`)
    await master.end()
  }
})

it('goes on with the others when one placement is out of reach', async () => {
  await addPlacement(stage, 'away')
  stage.secrets.put('atrium/test/away/control', {
    ...{ host: '127.0.0.1', port: 1, dbname: 'x', username: 'x', password: 'x' },
  })
  const findings = await examine()
  expect(findings.get('reach')).toMatchObject({ state: 'failed' })
  expect(findings.get('version')).toMatchObject({ state: 'ok', placement: 'main' })
  await stage.asOwner((client) => client.query("DELETE FROM catalog.placements WHERE name = 'away'"))
})

it('tells of schemas and tenants without the other, of a tenant behind, and of no room', async () => {
  await stage.asOwner((client) => client.query('CREATE SCHEMA t_left_0badf00d'))
  await updatePlacement(stage.control, 'main', { tenant_limit: 2 })
  await stage.asOwner((client) =>
    client.query('UPDATE atrium.tenant_versions SET version = version + 1 WHERE schema_name = $1', [a.ref.schema]),
  )
  await stage.asOwner((client) =>
    client.query(`UPDATE catalog.tenants SET schema_name = 't_gone_0badf00d' WHERE slug = $1`, [b.slug]),
  )
  const findings = await examine()
  expect(findings.get('schemas')?.state).toBe('failed')
  expect(findings.get('schemas')?.detail).toContain('the schema t_left_0badf00d belongs to no tenant')
  expect(findings.get('schemas')?.detail).toContain('the catalog has t_gone_0badf00d here')
  expect(findings.get('room')).toMatchObject({ state: 'warning', detail: expect.stringContaining('no open placement') })
})

describe('the attempt to mix tenants up', () => {
  it('tells when the database does not switch roles, and when the path is not set', async () => {
    const other = await createTestStage('control')
    const [one, two] = [await other.createTenant(), await other.createTenant()]
    const source = await other.asOwner((client) =>
      client.query<{ code: string }>(`SELECT pg_get_functiondef('atrium.enter'::regproc) AS code`),
    )
    const enter = source.rows[0]?.code ?? ''
    const probe = async () => {
      const pools = createDirectPools(other.connection('api'), { size: 2 })
      try {
        return await proveSeparation(pools, one.ref, two.ref)
      } finally {
        await pools.end()
      }
    }
    const without = (setting: string) => {
      expect(enter).toContain(`'${setting}'`)
      return other.asOwner((client) => client.query(enter.replace(`'${setting}'`, "'atrium.another'")))
    }
    expect((await probe()).breaches).toEqual([])
    await without('search_path')
    expect((await probe()).breaches).toContainEqual(expect.stringMatching(/the path was/))
    await without('role')
    // Without a role the login may use no tenant's schema at all.
    await expect(probe()).resolves.toMatchObject({
      breaches: expect.arrayContaining([expect.stringMatching(/the role was/)]),
    })
    await other.end()
  })
})

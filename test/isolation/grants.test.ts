import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let a: Tenant
let b: Tenant
let api: pg.Client

beforeAll(async () => {
  stage = await createTestStage('api', { pinsOnPurpose: true })
  a = await stage.createTenant()
  b = await stage.createTenant()
  api = new pg.Client(stage.connection('api'))
  await api.connect()
})
afterAll(async () => {
  await api.end()
  await stage.end()
})

const refused = { code: '42501' }

/** Runs a statement as the API's login, in a tenant's role or in none. */
async function asApi(schema: string | undefined, statement: string): Promise<pg.QueryResult> {
  await api.query('BEGIN')
  try {
    if (schema !== undefined) await api.query('SELECT atrium.enter($1, false, 5000, 5000)', [schema])
    return await api.query(statement)
  } finally {
    await api.query('ROLLBACK')
  }
}

describe("the API's login", () => {
  it("reads no tenant's table without switching to the tenant's role", async () => {
    for (const table of ['products', 'orders']) {
      await expect(asApi(undefined, `SELECT * FROM ${a.ref.schema}.${table}`)).rejects.toMatchObject(refused)
    }
  })

  it('is no superuser, creates nothing, and inherits no tenant', async () => {
    const { rows } = await api.query(
      `SELECT r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolbypassrls, r.rolreplication,
         (SELECT bool_or(m.inherit_option) FROM pg_auth_members m WHERE m.member = r.oid) AS inherits,
         (SELECT bool_and(m.set_option) FROM pg_auth_members m WHERE m.member = r.oid) AS switches,
         (SELECT bool_or(m.admin_option) FROM pg_auth_members m WHERE m.member = r.oid) AS grants
       FROM pg_roles r WHERE rolname = current_user`,
    )
    expect(rows).toEqual([
      {
        ...{ rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false, rolreplication: false },
        ...{ inherits: false, switches: true, grants: false },
      },
    ])
    for (const statement of [
      'CREATE SCHEMA mine',
      'CREATE TABLE public.mine (id int)',
      'CREATE TABLE atrium.mine (id int)',
      'CREATE TEMP TABLE mine (id int)',
      'CREATE ROLE mine',
    ]) {
      await expect(asApi(undefined, statement), statement).rejects.toMatchObject(refused)
    }
  })

  it("reads the catalog's named columns and no other, and writes none", async () => {
    const allowed = 'SELECT id, slug, name, status, placement, schema_name, version FROM catalog.tenants'
    expect((await asApi(undefined, allowed)).rowCount).toBe(2)
    expect((await asApi(undefined, 'SELECT domain, tenant_id FROM catalog.domains')).rowCount).toBe(2)
    for (const statement of [
      'SELECT created_at FROM catalog.tenants',
      'SELECT * FROM catalog.placements',
      'SELECT * FROM atrium.tenant_versions',
      "UPDATE catalog.tenants SET status = 'active'",
      'DELETE FROM catalog.domains',
      "SELECT atrium.grant_table('products')",
    ]) {
      await expect(asApi(undefined, statement), statement).rejects.toMatchObject(refused)
    }
  })

  it('cannot become the owner, the control plane or the master', async () => {
    for (const role of [stage.names.owner, stage.names.control, String(inject('master').user)]) {
      await expect(asApi(role, 'SELECT 1'), role).rejects.toMatchObject(refused)
    }
  })
})

it.each(['postgres', 'template1'])(
  "neither the API's login nor a tenant's role connects to the server's own database %s",
  async (database) => {
    const stray = new pg.Client({ ...stage.connection('api'), database })
    await expect(stray.connect()).rejects.toMatchObject(refused)
  },
)

describe("a tenant's role", () => {
  it('reads and writes its own rows, and reaches neither another tenant nor the catalog', async () => {
    await asApi(a.ref.schema, "INSERT INTO products (name, price) VALUES ('x', 1)")
    for (const statement of [
      `SELECT * FROM ${b.ref.schema}.products`,
      `INSERT INTO ${b.ref.schema}.products (name, price) VALUES ('x', 1)`,
      `SELECT nextval('${b.ref.schema}.products_id_seq')`,
      'SELECT slug FROM catalog.tenants',
      'SELECT * FROM atrium.tenant_versions',
      'TRUNCATE products',
      'DROP TABLE products',
      'ALTER TABLE products ADD COLUMN mine int',
      'CREATE TABLE mine (id int)',
      'CREATE TEMP TABLE orders (id int)',
      'CREATE TABLE public.mine (id int)',
      'SELECT * FROM pg_catalog.pg_authid',
    ]) {
      await expect(asApi(a.ref.schema, statement), statement).rejects.toMatchObject(refused)
    }
  })

  it('owns nothing, logs in nowhere, creates nowhere and uses its own schema and atrium alone: read for all tenants', async () => {
    const { rows } = await stage.asOwner((client) =>
      client.query(
        `SELECT v.schema_name AS role, r.rolcanlogin, r.rolsuper, r.rolcreaterole, r.rolcreatedb,
           (SELECT count(*)::int FROM pg_shdepend d WHERE d.refobjid = r.oid AND d.deptype = 'o') AS owned,
           ARRAY(SELECT n.nspname::text FROM pg_namespace n WHERE has_schema_privilege(r.oid, n.oid, 'CREATE')) AS creates_in,
           ARRAY(SELECT n.nspname::text FROM pg_namespace n WHERE has_schema_privilege(r.oid, n.oid, 'USAGE')
             AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1) AS uses,
           ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
               AND has_table_privilege(r.oid, c.oid, 'SELECT') ORDER BY 1) AS reads,
           ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND n.nspname = v.schema_name ORDER BY 1) AS tables
         FROM atrium.tenant_versions v JOIN pg_roles r ON r.rolname = v.schema_name ORDER BY 1`,
      ),
    )
    expect(rows[0].tables).toEqual(expect.arrayContaining(['orders', 'products']))
    expect(rows).toEqual(
      [a, b]
        .map(({ ref }) => ref.schema)
        .toSorted()
        .map((role) => ({
          ...{ role, rolcanlogin: false, rolsuper: false, rolcreaterole: false, rolcreatedb: false, owned: 0 },
          ...{ creates_in: [], uses: ['atrium', role], reads: rows[0].tables, tables: rows[0].tables },
        })),
    )
  })
})

describe('PUBLIC', () => {
  it('may neither connect to any database, nor make temporary tables, nor use the schema public', async () => {
    const { rows } = await api.query(
      `SELECT
         -- Other test files are making databases of their own meanwhile.
         ARRAY(SELECT d.datname::text FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
            WHERE d.datallowconn AND x.grantee = 0 AND d.datname IN (current_database(), 'postgres', 'template1')) AS on_databases,
         (SELECT count(*)::int FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
            WHERE n.nspname = 'public' AND x.grantee = 0) AS on_public`,
    )
    expect(rows).toEqual([{ on_databases: [], on_public: 0 }])
  })

  it('executes enter, leave and begin_note in schema atrium and nothing else there', async () => {
    const { rows } = await api.query(
      `SELECT p.proname::text AS name, p.prosecdef AS definer, p.proconfig AS settings
       FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
       WHERE p.pronamespace = 'atrium'::regnamespace AND x.grantee = 0 ORDER BY 1`,
    )
    expect(rows).toEqual([
      { name: 'begin_note', definer: false, settings: null },
      { name: 'enter', definer: false, settings: null },
      { name: 'leave', definer: false, settings: null },
    ])
  })
})

import type pg from 'pg'
import { catalogGrants, placementGrants } from '../../tenancy/api-grants.ts'
import { placementNames } from '../../tenancy/placement-names.ts'
import { type Finding, findingOf } from './finding.ts'

/**
 * Everything that the isolation rests on, read from PostgreSQL's catalogs for every tenant at once; a row for each thing
 * that is not so. Privileges are read from the access lists themselves: that a role has no others follows from its having
 * no memberships and PUBLIC having nothing. $1 is the owner, $2 the API's login, $3 what the login may do
 * beside the tenants' schemas (`SELECT atrium.key_uses.used_at`), $4 the schemas of active tenants, which have to be open.
 */
const violations = `
WITH t AS (
  SELECT v.schema_name AS name, r.oid AS role, n.oid AS schema, n.nspowner, n.nspacl
  FROM atrium.tenant_versions v
  LEFT JOIN pg_roles r ON r.rolname = v.schema_name LEFT JOIN pg_namespace n ON n.nspname = v.schema_name
), own AS (SELECT oid FROM pg_roles WHERE rolname = $1),
api AS (SELECT r.* FROM pg_roles r WHERE rolname = $2),
rel AS (
  SELECT c.oid, c.relname, c.relkind, c.relnamespace, c.relowner, c.relacl, t.name, t.role
  FROM pg_class c JOIN t ON t.schema = c.relnamespace WHERE c.relkind NOT IN ('i', 'I')
)
SELECT format('%s has no role', name) AS told FROM t WHERE role IS NULL
UNION ALL SELECT format('%s has no schema', name) FROM t WHERE schema IS NULL
UNION ALL SELECT format('the role %s may log in, or has an attribute that only an administrator should', t.name)
  FROM t JOIN pg_roles r ON r.oid = t.role
  WHERE r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls OR r.rolreplication
UNION ALL SELECT format('the role %s owns something', t.name) FROM t
  WHERE EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = t.role AND d.deptype = 'o')
UNION ALL SELECT format('the role %s is a member of %s', t.name, m.roleid::regrole)
  FROM t JOIN pg_auth_members m ON m.member = t.role
UNION ALL SELECT format('the API''s login may not switch to %s', t.name) FROM t CROSS JOIN api
  WHERE t.role IS NOT NULL AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = t.role AND m.member = api.oid AND m.set_option)
UNION ALL SELECT format('%s inherits %s, or may pass it on', m.member::regrole, t.name)
  FROM t JOIN pg_auth_members m ON m.roleid = t.role CROSS JOIN own
  WHERE (m.inherit_option OR m.admin_option) AND m.member <> own.oid
UNION ALL SELECT format('%s may become %s', m.member::regrole, t.name)
  FROM t JOIN pg_auth_members m ON m.roleid = t.role CROSS JOIN own CROSS JOIN api
  WHERE m.member NOT IN (own.oid, api.oid)
UNION ALL SELECT format('the schema %s belongs to %s', t.name, t.nspowner::regrole)
  FROM t CROSS JOIN own WHERE t.nspowner <> own.oid
UNION ALL SELECT format('%s has %s on the schema %s', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
    x.privilege_type, n.nspname)
  FROM pg_namespace n CROSS JOIN own CROSS JOIN LATERAL aclexplode(n.nspacl) x LEFT JOIN t ON t.schema = n.oid
  LEFT JOIN t other ON other.role = x.grantee
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND ((t.schema IS NOT NULL AND x.grantee <> own.oid AND NOT (x.grantee = t.role AND x.privilege_type = 'USAGE'))
      OR (t.schema IS NULL AND other.role IS NOT NULL)
      OR (n.nspname = 'public' AND x.grantee = 0)
      OR (n.nspname = 'atrium' AND x.grantee = 0 AND x.privilege_type <> 'USAGE'))
UNION ALL SELECT format('%s.%s belongs to %s', rel.name, rel.relname, rel.relowner::regrole)
  FROM rel CROSS JOIN own WHERE rel.relowner <> own.oid
UNION ALL SELECT format('%s has %s on %s.%s', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
    x.privilege_type, rel.name, rel.relname)
  FROM rel CROSS JOIN own CROSS JOIN LATERAL aclexplode(rel.relacl) x
  WHERE x.grantee <> own.oid
    AND NOT (x.grantee = rel.role AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE'))
UNION ALL SELECT format('%s, a tenant''s role, has %s on %s', t.name, x.privilege_type, c.oid::regclass)
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x JOIN t ON t.role = x.grantee WHERE c.relnamespace <> t.schema
-- Its own, and those that the server came with; the other placements are looked at in their turn.
UNION ALL SELECT format('PUBLIC has %s on the database %s', x.privilege_type, d.datname)
  FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
  WHERE d.datallowconn AND d.datname IN (current_database(), 'postgres', 'template1') AND x.grantee = 0
UNION ALL SELECT format('the function %s runs as its owner without a search_path of its own', p.oid::regprocedure)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prosecdef
    AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%')
UNION ALL SELECT format('%s may call %s', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, p.oid::regprocedure)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN own
  CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
  WHERE n.nspname IN ('atrium', 'catalog') AND x.grantee <> own.oid AND NOT (x.grantee = 0 AND p.proname IN ('enter', 'leave', 'begin_note'))
UNION ALL SELECT format('PUBLIC may not call atrium.%s', f.name) FROM (VALUES ('enter'), ('leave'), ('begin_note')) AS f (name)
  WHERE NOT EXISTS (SELECT FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
    WHERE p.pronamespace = 'atrium'::regnamespace AND p.proname = f.name AND x.grantee = 0)
UNION ALL SELECT format('the API''s login is a member of %s', m.roleid::regrole)
  FROM pg_auth_members m JOIN api ON api.oid = m.member WHERE m.roleid NOT IN (SELECT role FROM t WHERE role IS NOT NULL)
-- RDS rotates with a second login, which is a member of the first.
UNION ALL SELECT format('%s is a member of the API''s login', r.rolname)
  FROM pg_auth_members m JOIN api ON api.oid = m.roleid JOIN pg_roles r ON r.oid = m.member
  WHERE r.rolname <> api.rolname || '_clone' AND NOT m.admin_option
UNION ALL SELECT format('%s has %s on the column %s.%s.%s', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END,
    x.privilege_type, rel.name, rel.relname, a.attname)
  FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid CROSS JOIN own CROSS JOIN LATERAL aclexplode(a.attacl) x
  WHERE x.grantee <> own.oid
UNION ALL SELECT format('whatever %s makes is granted to others by default', d.defaclrole::regrole)
  FROM pg_default_acl d WHERE d.defaclacl::text <> '{}'
UNION ALL SELECT CASE WHEN g.is_expected THEN format('the API''s login lacks %s', g.granted) ELSE format('%s has %s', g.grantee, g.granted) END
  FROM (
    SELECT coalesce(e.granted, f.granted) AS granted, f.grantee, e.granted IS NOT NULL AS is_expected
    FROM unnest($3::text[]) AS e (granted)
    FULL JOIN (
      SELECT format('%s %s.%s.%s', x.privilege_type, n.nspname, c.relname, a.attname) AS granted,
        CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END AS grantee
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN own
      CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE n.nspname IN ('atrium', 'catalog') AND x.grantee <> own.oid
      UNION ALL
      SELECT format('%s %s.%s', x.privilege_type, n.nspname, c.relname),
        CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN own CROSS JOIN LATERAL aclexplode(c.relacl) x
      WHERE n.nspname IN ('atrium', 'catalog') AND x.grantee <> own.oid
    ) AS f ON f.granted = e.granted AND f.grantee = $2
    WHERE e.granted IS NULL OR f.granted IS NULL
  ) AS g
UNION ALL SELECT format('%s may not use its schema', t.name) FROM t
  WHERE t.name = ANY ($4) AND NOT EXISTS (SELECT FROM aclexplode(t.nspacl) x WHERE x.grantee = t.role AND x.privilege_type = 'USAGE')
UNION ALL SELECT format('%s lacks %s on its table %s', rel.name, p.privilege, rel.relname)
  FROM rel CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
  WHERE rel.name = ANY ($4) AND rel.relkind = 'r'
    AND NOT EXISTS (SELECT FROM aclexplode(rel.relacl) x WHERE x.grantee = rel.role AND x.privilege_type = p.privilege)
UNION ALL SELECT format('the API''s login %s has an attribute that only an administrator should', api.rolname) FROM api
  WHERE api.rolsuper OR api.rolcreaterole OR api.rolcreatedb OR api.rolbypassrls OR api.rolreplication
UNION ALL SELECT format('the database has no %s of its own', s.name)
  FROM (VALUES ('statement_timeout'), ('idle_in_transaction_session_timeout')) AS s (name)
  WHERE NOT EXISTS (
    SELECT FROM pg_db_role_setting d CROSS JOIN LATERAL unnest(d.setconfig) c
    WHERE d.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.setrole = 0
      AND c LIKE s.name || '=%')`

/** Whether every grant that the isolation needs is there for every tenant of a placement, and no other. Acts as the owner. */
export async function checkGrants(
  client: pg.ClientBase,
  placement: string,
  where: { readonly holdsCatalog: boolean; readonly active: readonly string[] },
): Promise<Finding> {
  const found = await client.query<{ database: string; tenants: number }>(
    'SELECT current_database() AS database, (SELECT count(*)::int FROM atrium.tenant_versions) AS tenants',
  )
  const { database = '', tenants = 0 } = found.rows[0] ?? {}
  const { owner, api } = placementNames(database)
  const granted = where.holdsCatalog ? [...placementGrants, ...catalogGrants] : placementGrants
  const expected = granted.flatMap(({ table, privilege, columns }) =>
    columns.map((column) => `${privilege} ${table}.${column}`),
  )
  const { rows } = await client.query<{ told: string }>(violations, [owner, api, expected, where.active])
  const complaints = rows.map(({ told }) => told)
  return findingOf({ check: 'grants', placement }, complaints, `as they should be; tenants: ${tenants}`)
}

/**
 * Whether catalog and placement agree on who is there: `expected` are the schemas that the catalog has in the placement,
 * `ignored` those of tenants on the move or being made.
 */
export async function checkSchemas(
  client: pg.ClientBase,
  placement: string,
  expected: readonly string[],
  ignored: readonly string[],
): Promise<Finding> {
  const { rows } = await client.query<{ told: string }>(
    `SELECT format('the catalog has %s here, the placement has not', e.name) AS told FROM unnest($1::text[]) AS e (name)
     WHERE e.name NOT IN (SELECT schema_name FROM atrium.tenant_versions)
     UNION ALL
     SELECT format('the schema %s belongs to no tenant of the catalog', n.nspname) FROM pg_namespace n
     WHERE n.nspname ~ '^t_.*_[0-9a-f]{8}$' AND n.nspname <> ALL ($1) AND n.nspname <> ALL ($2)
     ORDER BY 1`,
    [expected, ignored],
  )
  const complaints = rows.map(({ told }) => told)
  return findingOf({ check: 'schemas', placement }, complaints, 'catalog and placement agree')
}

import pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../db/identifiers.ts'
import { migrateDatabase } from './migrate-database.ts'
import { type PlacementNames, placementNames } from './placement-names.ts'
import { createScramVerifier } from './scram-verifier.ts'

export interface PlacementRequest {
  /** The name of the database to make; its roles are named after it. */
  readonly database: string
  /** Whether the catalog is kept here: in the first placement alone. */
  readonly holdsCatalog: boolean
  readonly passwords: { readonly api: string; readonly control: string }
}

/**
 * Makes a placement: roles, database, grants, settings and migrations. `master` connects as a role with CREATEROLE and
 * CREATEDB that is no superuser (RDS has none to give) and may pass on pg_signal_backend and pg_read_all_stats. Run
 * again it changes nothing but the logins' passwords. Rejects with PostgreSQL's own errors.
 */
export async function createPlacement(master: pg.ClientConfig, request: PlacementRequest): Promise<PlacementNames> {
  const names = placementNames(request.database)
  await withServer(master, async (client) => {
    await closeMastersDatabases(client)
    await createRoles(client, names, request.passwords)
    await createDatabase(client, names)
  })
  await withServer({ ...master, database: names.database }, async (client) => {
    await client.query(`SET ROLE ${quoteIdentifier(names.owner)}`)
    await closeDatabase(client, names)
    await migrateDatabase(client, names, request.holdsCatalog ? ['placement', 'catalog'] : ['placement'])
  })
  return names
}

async function createRoles(
  client: pg.Client,
  names: PlacementNames,
  passwords: PlacementRequest['passwords'],
): Promise<void> {
  const [owner, api, control] = [names.owner, names.api, names.control].map(quoteIdentifier)
  const { rows } = await client.query<{ name: string }>(
    'SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)',
    [[names.owner, names.api, names.control]],
  )
  const existing = new Set(rows.map((row) => row.name))
  const create = (name: string, attributes: string) =>
    existing.has(name) ? '' : `CREATE ROLE ${quoteIdentifier(name)} ${attributes};`

  await client.query(`
    BEGIN;
    ${create(names.owner, 'NOLOGIN CREATEROLE')}
    ${create(names.api, 'LOGIN')}
    ${create(names.control, 'LOGIN')}
    ALTER ROLE ${api} PASSWORD ${quoteLiteral(createScramVerifier(passwords.api))};
    ALTER ROLE ${control} PASSWORD ${quoteLiteral(createScramVerifier(passwords.control))};
    GRANT ${owner} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE;
    GRANT ${owner} TO ${control} WITH INHERIT FALSE, SET TRUE;
    GRANT pg_signal_backend, pg_read_all_stats TO ${owner};
    COMMIT`)
}

async function createDatabase(client: pg.Client, names: PlacementNames): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_catalog.pg_database WHERE datname = $1', [names.database])
  if (rowCount !== 0) return
  await client.query(`CREATE DATABASE ${quoteIdentifier(names.database)} OWNER ${quoteIdentifier(names.owner)}`)
}

/** The databases that the server came with are the master's: no login of ours need connect there, and none may. */
async function closeMastersDatabases(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT d.datname AS name FROM pg_catalog.pg_database d
     WHERE d.datallowconn AND pg_catalog.pg_has_role(d.datdba, 'USAGE') AND EXISTS (
       SELECT FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) x WHERE x.grantee = 0)`,
  )
  for (const { name } of rows) await client.query(`REVOKE ALL ON DATABASE ${quoteIdentifier(name)} FROM PUBLIC`)
  // RDS Proxy's own user looks there whether the server is well (RDS user guide, rds-proxy-new-db-user).
  const proxies = await client.query(
    `SELECT FROM pg_catalog.pg_roles WHERE rolname = 'rdsproxyadmin'
       AND NOT pg_catalog.has_database_privilege(rolname, 'postgres', 'CONNECT')`,
  )
  if (proxies.rowCount !== 0) await client.query('GRANT CONNECT ON DATABASE postgres TO rdsproxyadmin')
}

/**
 * What PUBLIC may do by default is taken back. Limits are settings of the database, not of the logins: a rotated clone
 * of a login has none of its settings. What a frozen function holds, an open transaction or just a connection, is ended by
 * the server: in the function no timer runs. So is a statement that nobody waits for any more: while it runs, the server looks
 * once a second whether its client is there (PostgreSQL 14 and newer; on Linux and macOS).
 */
async function closeDatabase(client: pg.Client, names: PlacementNames): Promise<void> {
  const database = quoteIdentifier(names.database)
  await client.query(`
    BEGIN;
    REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${database}
      TO SESSION_USER, ${quoteIdentifier(names.api)}, ${quoteIdentifier(names.control)};
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    ALTER DATABASE ${database} SET timezone = 'UTC';
    ALTER DATABASE ${database} SET statement_timeout = '30s';
    ALTER DATABASE ${database} SET idle_in_transaction_session_timeout = '30s';
    ALTER DATABASE ${database} SET idle_session_timeout = '20min';
    ALTER DATABASE ${database} SET client_connection_check_interval = '1s';
    COMMIT`)
}

/** Runs `work` on a connection of its own. Rejects with PostgreSQL's own errors. */
export async function withServer<Result>(
  config: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

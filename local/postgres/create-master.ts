import pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../../shared/db/identifiers.ts'
import { createScramVerifier } from '../../shared/tenancy/scram-verifier.ts'

/** The role that plays RDS's master user. */
export const masterName = 'master'

/**
 * Makes the role that plays RDS's master user: no superuser, but CREATEROLE and CREATEDB, and able to pass on the two
 * predefined roles that a placement's owner needs. The last thing that the superuser does.
 */
export async function createMaster(superuser: pg.ClientConfig, password: string): Promise<pg.ClientConfig> {
  const client = new pg.Client(superuser)
  await client.connect()
  try {
    const name = quoteIdentifier(masterName)
    const { rowCount } = await client.query('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [masterName])
    if (rowCount === 0) await client.query(`CREATE ROLE ${name} LOGIN CREATEROLE CREATEDB`)
    await client.query(`ALTER ROLE ${name} PASSWORD ${quoteLiteral(createScramVerifier(password))}`)
    // As on RDS, where the master user owns what the server comes with; nobody else need connect there.
    for (const database of ['postgres', 'template1']) {
      await client.query(`ALTER DATABASE ${database} OWNER TO ${name}; REVOKE ALL ON DATABASE ${database} FROM PUBLIC`)
    }
    await client.query(`GRANT pg_signal_backend, pg_read_all_stats TO ${name} WITH ADMIN OPTION`)
  } finally {
    await client.end()
  }
  return { ...superuser, user: masterName, password }
}

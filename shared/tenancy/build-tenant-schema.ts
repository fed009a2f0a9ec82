import { quoteIdentifier, quoteLiteral } from '../db/identifiers.ts'
import { checksumOf, type Migration, sqlForNewSchema } from '../db/migrations.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { Pools } from '../db/pools.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import { placementNames } from './placement-names.ts'

/**
 * Makes the tenant's role, schema, tables, grants and version record, all in one transaction, unless they are there.
 * Two at once for one schema: the second waits and finds it made. Answers the version the schema is on.
 */
export async function buildTenantSchema(
  pools: Pools,
  { placement, schema }: TenantRef,
  migrations: readonly Migration[],
): Promise<number> {
  return withOwnerTransaction(pools, placement, async (client) => {
    // Two statements in one flight: the second must take its snapshot after the lock is held.
    const [, found] = await Promise.all([
      client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [schema]),
      client.query<{ database: string; version: number | null }>(
        `SELECT current_database() AS database,
           (SELECT version FROM atrium.tenant_versions WHERE schema_name = $1) AS version`,
        [schema],
      ),
    ])
    const [state] = found.rows
    if (state === undefined) throw new Error('the placement did not answer')
    if (state.version !== null) return state.version
    await client.query(creationOf(schema, placementNames(state.database).api, migrations))
    return migrations.length
  })
}

function creationOf(schema: string, apiLogin: string, migrations: readonly Migration[]): string {
  const tenant = quoteIdentifier(schema)
  return `
    CREATE ROLE ${tenant} NOLOGIN;
    GRANT ${tenant} TO ${quoteIdentifier(apiLogin)} WITH INHERIT FALSE, SET TRUE;
    CREATE SCHEMA ${tenant};
    GRANT USAGE ON SCHEMA ${tenant} TO ${tenant};
    SET LOCAL search_path = ${tenant}, pg_temp;
    ${migrations.map(sqlForNewSchema).join('\n')}
    INSERT INTO atrium.tenant_versions (schema_name, version, checksum)
    VALUES (${quoteLiteral(schema)}, ${migrations.length}, ${quoteLiteral(checksumOf(migrations))})`
}

import type pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../db/identifiers.ts'
import { checksumOf, type Migration, sqlForNewSchema } from '../db/migrations.ts'
import { onlyRow } from '../db/only-row.ts'
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
    if (await buildTenantSchemaOn(client, schema, migrations)) return migrations.length
    const { rows } = await client.query<{ version: number }>(
      'SELECT version FROM atrium.tenant_versions WHERE schema_name = $1',
      [schema],
    )
    return onlyRow(rows).version
  })
}

/** The same in a transaction that is the caller's, who acts as the owner. Answers whether it had to be made. */
export async function buildTenantSchemaOn(
  client: pg.ClientBase,
  schema: string,
  migrations: readonly Migration[],
): Promise<boolean> {
  // Two statements: the second must take its snapshot after the lock is held.
  await lockSchema(client, schema)
  const { rows } = await client.query<{ database: string; made: boolean }>(
    `SELECT current_database() AS database,
       EXISTS (SELECT FROM atrium.tenant_versions WHERE schema_name = $1) AS made`,
    [schema],
  )
  const { database, made } = onlyRow(rows)
  if (made) return false
  await client.query(creationOf(schema, placementNames(database).api, migrations))
  return true
}

/** Waits until nobody else makes this schema, or changes who may use it, and keeps them waiting to the transaction's end. */
export async function lockSchema(client: pg.ClientBase, schema: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [schema])
}

/** What makes it: one message, for the owner, in a transaction. */
export function creationOf(schema: string, apiLogin: string, migrations: readonly Migration[]): string {
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

import type pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../../db/identifiers.ts'
import type { Migration } from '../../db/migrations.ts'

/**
 * Applies a migration that PostgreSQL refuses to run in a transaction, such as CREATE INDEX CONCURRENTLY, on a session
 * of its own. An invalid index, left by one that was interrupted, is dropped first, since IF NOT EXISTS would take it
 * for done; so is the statement's death between its end and its record survived.
 */
export async function applyOutsideTransaction(
  client: pg.ClientBase,
  change: { readonly owner: string; readonly schema: string; readonly migration: Migration; readonly advance: string },
): Promise<void> {
  const { owner, schema, migration, advance } = change
  try {
    await client.query(`SET ROLE ${owner}`)
    await client.query('SET statement_timeout = 0')
    await client.query(`SET search_path = ${quoteIdentifier(schema)}, pg_temp`)
    const { rows } = await client.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
       WHERE NOT i.indisvalid AND c.relnamespace = ${quoteLiteral(schema)}::regnamespace`,
    )
    for (const { name } of rows) await client.query(`DROP INDEX ${quoteIdentifier(name)}`)
    await client.query(migration.sql)
    await client.query(advance)
  } finally {
    await client.query('RESET search_path')
    await client.query('RESET statement_timeout')
    await client.query('RESET ROLE')
  }
}

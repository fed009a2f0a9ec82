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
    // Concurrently as well: a plain DROP INDEX would wait for older transactions with everybody behind it.
    for (const { name } of rows) await client.query(`DROP INDEX CONCURRENTLY ${quoteIdentifier(name)}`)
    const at = `${quoteLiteral(schema)}, ${migration.version}`
    await client.query(
      `INSERT INTO atrium.outside_changes (schema_name, version) VALUES (${at})
       ON CONFLICT (schema_name, version) DO UPDATE SET started_at = pg_catalog.now(), done_at = NULL`,
    )
    await client.query(migration.sql)
    // One message, one implicit transaction: the version and that it is done.
    await client.query(
      `${advance} UPDATE atrium.outside_changes SET done_at = pg_catalog.now() WHERE (schema_name, version) = (${at})`,
    )
  } finally {
    await client.query('RESET search_path')
    await client.query('RESET statement_timeout')
    await client.query('RESET ROLE')
  }
}

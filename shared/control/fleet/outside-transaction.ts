import type pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../../db/identifiers.ts'
import type { Migration } from '../../db/migrations.ts'

/**
 * Applies a migration that PostgreSQL refuses to run in a transaction, such as CREATE INDEX CONCURRENTLY, on a session
 * with the owner's settings. An invalid index, left by one that was interrupted, is dropped first, since IF NOT EXISTS
 * would take it for done; so is the statement's death between its end and its record survived.
 */
export async function applyOutsideTransaction(
  client: pg.ClientBase,
  schema: string,
  part: {
    readonly migrations: readonly Migration[]
    readonly from: number
    readonly to: number
    readonly checksum: string
  },
): Promise<void> {
  await client.query(`SET search_path = ${quoteIdentifier(schema)}, pg_temp`)
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
     WHERE NOT i.indisvalid AND c.relnamespace = ${quoteLiteral(schema)}::regnamespace`,
  )
  // Concurrently as well: a plain DROP INDEX would wait for older transactions with everybody behind it.
  for (const { name } of rows) await client.query(`DROP INDEX CONCURRENTLY ${quoteIdentifier(name)}`)
  const at = `${quoteLiteral(schema)}, ${part.to}`
  await client.query(
    `INSERT INTO atrium.outside_changes (schema_name, version) VALUES (${at})
     ON CONFLICT (schema_name, version) DO UPDATE SET started_at = pg_catalog.now(), done_at = NULL`,
  )
  for (const { sql } of part.migrations) await client.query(sql)
  // One message, one implicit transaction: the version and that it is done.
  await client.query(
    `SELECT atrium.advance_version(${quoteLiteral(schema)}, ${part.from}, ${part.to}, ${quoteLiteral(part.checksum)});
     UPDATE atrium.outside_changes SET done_at = pg_catalog.now() WHERE (schema_name, version) = (${at})`,
  )
}

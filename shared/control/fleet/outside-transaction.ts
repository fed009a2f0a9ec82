import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../../db/identifiers.ts'
import type { Migration } from '../../db/migrations.ts'
import { onlyRow } from '../../db/only-row.ts'

/**
 * Applies a migration that PostgreSQL refuses to run in a transaction, such as CREATE INDEX CONCURRENTLY, on a session
 * with the owner's settings. An invalid index, left by one that was interrupted, is dropped first, since IF NOT EXISTS
 * would take it for done; so is the statement's death between its end and its record survived. Another worker who is at it, and
 * may have lost the operation's lease, is waited for: what looks invalid is what that one is making. Answers false, with
 * nothing done, when that took longer than `patience`, in milliseconds.
 */
export async function applyOutsideTransaction(
  client: pg.ClientBase,
  schema: string,
  part: OutsidePart,
  patience: number,
): Promise<boolean> {
  const lock = `pg_catalog.hashtextextended('atrium: outside a transaction ' || ${quoteLiteral(schema)}, 0)`
  if (!(await takeTurn(client, lock, patience))) return false
  try {
    await apply(client, schema, part)
    return true
  } finally {
    // A connection that broke has let it go.
    await client.query(`SELECT pg_catalog.pg_advisory_unlock(${lock})`).catch(() => undefined)
  }
}

const pollInterval = 200

/** Asks again and again: who waits in a statement has a snapshot, and CREATE INDEX CONCURRENTLY waits for those older than its end. */
async function takeTurn(client: pg.ClientBase, lock: string, patience: number): Promise<boolean> {
  const until = performance.now() + patience
  for (;;) {
    const { rows } = await client.query<{ had: boolean }>(`SELECT pg_catalog.pg_try_advisory_lock(${lock}) AS had`)
    if (onlyRow(rows).had) return true
    if (performance.now() > until) return false
    await sleep(pollInterval)
  }
}

interface OutsidePart {
  readonly migrations: readonly Migration[]
  readonly from: number
  readonly to: number
  readonly checksum: string
}

async function apply(client: pg.ClientBase, schema: string, part: OutsidePart): Promise<void> {
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

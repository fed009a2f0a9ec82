import type pg from 'pg'
import { quoteIdentifier } from '../db/identifiers.ts'
import { onlyRow } from '../db/only-row.ts'

/** What lets a long transaction be: copying takes as long as it takes. */
const unhurried = `SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL statement_timeout = 0;
  SET LOCAL idle_in_transaction_session_timeout = 0`

/**
 * Begins a long transaction as the owner on a session of its own, without a statement timeout. A read-only one sees one state
 * of the database from its first statement to its last; of the schema's tables that are named, it is one at which nobody
 * is changing them, and they stay locked: a table that is written anew (ALTER TABLE … TYPE) behind that moment would be
 * read as empty (PostgreSQL's documentation, "Caveats" of concurrency control).
 */
export async function beginAsOwner(
  client: pg.ClientBase,
  access: 'read' | 'write',
  unchanging: { readonly schema: string; readonly tables: readonly string[] } = { schema: '', tables: [] },
): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    'SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = current_database()',
  )
  const { owner } = onlyRow(rows)
  const isolation = access === 'read' ? 'REPEATABLE READ, READ ONLY' : 'READ COMMITTED'
  const tables = unchanging.tables.map((table) => `${quoteIdentifier(unchanging.schema)}.${quoteIdentifier(table)}`)
  // None of these takes a snapshot: the first SELECT behind them does.
  await client.query(
    `BEGIN ISOLATION LEVEL ${isolation}; SET LOCAL role = ${quoteIdentifier(owner)}; ${unhurried}
     ${tables.length === 0 ? '' : `; LOCK TABLE ${tables.join(', ')} IN ACCESS SHARE MODE`}`,
  )
}

/** Runs `work` in a transaction of the session as the owner, and commits; rolls back when it throws. */
export async function withOwnerSession<Result>(client: pg.ClientBase, work: () => Promise<Result>): Promise<Result> {
  await beginAsOwner(client, 'write')
  try {
    const result = await work()
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}`)
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

import type pg from 'pg'

/**
 * Begins a long transaction as the owner on a session of its own: no statement timeout, since copying takes as long as it
 * takes. A read-only one sees one state of the database from its first statement to its last.
 */
export async function beginAsOwner(client: pg.ClientBase, access: 'read' | 'write'): Promise<void> {
  await client.query(
    access === 'read' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY' : 'BEGIN ISOLATION LEVEL READ COMMITTED',
  )
  await client.query(
    `SELECT set_config('role', pg_get_userbyid(datdba), true) FROM pg_database WHERE datname = current_database()`,
  )
  await client.query(
    `SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL statement_timeout = 0;
     SET LOCAL idle_in_transaction_session_timeout = 0`,
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

import type pg from 'pg'

/**
 * Runs `work` on a session that acts as the placement's owner, under a statement timeout in milliseconds (0: none), for what is no
 * transaction of ours: statements that PostgreSQL takes outside of one alone, and procedures that commit. The control
 * plane has its sessions to itself, without a pooler; they are given back as they were.
 */
export async function withOwnerSettings<Result>(
  client: pg.ClientBase,
  statementTimeout: number,
  work: () => Promise<Result>,
): Promise<Result> {
  // Not waited for: the first statement of `work` shares its flight.
  const set = client.query(
    `SELECT set_config('role', pg_get_userbyid(datdba), false), set_config('statement_timeout', $1, false),
       set_config('search_path', 'pg_catalog, pg_temp', false)
     FROM pg_database WHERE datname = current_database()`,
    [statementTimeout],
  )
  set.catch(() => undefined) // awaited below; until then a refusal is not an unhandled one
  try {
    const result = await work()
    await set
    return result
  } finally {
    // A connection that broke is given up anyway, and what broke it is to be told.
    await client.query('RESET search_path; RESET statement_timeout; RESET ROLE').catch(() => undefined)
  }
}

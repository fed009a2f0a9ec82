import type pg from 'pg'
import type { Pools } from './pools.ts'
import { queryPrefaced, type Statement } from './prefaced-statement.ts'
import { refuse } from './refusals.ts'

/** The search path holds nothing, so that statements here qualify every name. */
const becomeOwner = `SELECT set_config('role', pg_get_userbyid(datdba), true), set_config('search_path', 'pg_catalog, pg_temp', true)
  FROM pg_database WHERE datname = current_database()`

/**
 * Runs `work` in one transaction as the placement's owner, the role that owns its database, every schema, table and
 * tenant role there. Only a control-plane login may: it acts through the owner, so that rotated logins create alike.
 * Commits, or rolls back when `work` throws.
 */
export async function withOwnerTransaction<Result>(
  pools: Pools,
  placement: string,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  return pools.withClient(placement, 'write', async (client) => {
    // One message, and not waited for: the first statement of `work` shares its flight.
    const opened = client.query(`BEGIN; ${becomeOwner}`)
    opened.catch(() => undefined) // awaited below; until then a refusal is not an unhandled one
    try {
      const result = await work(client)
      await opened
      const { command } = await client.query('COMMIT')
      if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}`)
      return result
    } catch (error) {
      const reason = await opened.then(
        () => error,
        (refusal) => refusal,
      )
      await client.query('ROLLBACK').catch(() => undefined)
      return refuse(reason)
    }
  })
}

/** Runs one statement as the placement's owner, in a transaction of its own and one round trip. */
export async function runAsOwner<Row extends pg.QueryResultRow>(
  pools: Pools,
  placement: string,
  statement: Statement,
): Promise<Row[]> {
  const { rows } = await pools.withClient(placement, 'write', (client) =>
    queryPrefaced(client, { text: becomeOwner, values: [] }, statement).catch((error) => refuse(error)),
  )
  return rows
}

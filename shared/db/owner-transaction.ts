import type pg from 'pg'
import type { Pools } from './pools.ts'
import { refuse } from './refusals.ts'

const becomeOwner = `SELECT set_config('role', pg_get_userbyid(datdba), true)
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
    // One message, and not waited for: the first statement of `work` shares its flight. The search path holds nothing,
    // so that statements here qualify every name.
    const opened = client.query(`BEGIN; ${becomeOwner}; SET LOCAL search_path = pg_catalog, pg_temp`)
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

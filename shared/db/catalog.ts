import { describeError, log } from '../logger.ts'
import type { Pools } from './pools.ts'
import { queryPrefaced, type Statement } from './prefaced-statement.ts'
import { refuse } from './refusals.ts'

/** Whatever role the connection was left with, a catalog statement runs as the login itself. */
const leave: Statement = { text: 'SELECT FROM atrium.leave()', values: [] }

/**
 * One read of the catalog, all names in it qualified, in one round trip. `note` is a write of the login's own that goes
 * along in the same flight and may fail without harm. Throws `unavailable` when the catalog is out of reach.
 */
export async function readCatalog<Row>(
  pools: Pools,
  placement: string,
  statement: Statement,
  note?: Statement,
): Promise<Row[]> {
  const result = await pools.withClient(placement, 'read', async (client) => {
    const read = queryPrefaced(client, leave, statement)
    const noted =
      note &&
      queryPrefaced(client, leave, note).catch((error) =>
        log.warn('a note to the catalog was not written', { error: describeError(error) }),
      )
    const [rows] = await Promise.all([read, noted]).catch((error) => refuse(error))
    return rows
  })
  return result.rows as Row[]
}

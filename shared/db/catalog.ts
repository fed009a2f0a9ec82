import type { Pools } from './pools.ts'
import { queryPrefaced, type Statement } from './prefaced-statement.ts'
import { refuse } from './refusals.ts'

/** Whatever role the connection was left with, a catalog statement runs as the login itself. */
const leave: Statement = { text: 'SELECT FROM atrium.leave()', values: [] }

/** One read of the catalog, all names in it qualified, in one round trip. Throws `unavailable` when out of reach. */
export async function readCatalog<Row>(pools: Pools, placement: string, statement: Statement): Promise<Row[]> {
  const result = await pools.withClient(placement, 'read', (client) =>
    queryPrefaced(client, leave, statement).catch((error) => refuse(error)),
  )
  return result.rows as Row[]
}

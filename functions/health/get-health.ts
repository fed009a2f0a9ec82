import * as z from 'zod/mini'
import { createAgedCache } from '../../shared/aged-cache.ts'
import { applicationPools } from '../../shared/db/application-pools.ts'
import { readCatalog } from '../../shared/db/catalog.ts'
import { readEnvironment } from '../../shared/environment.ts'
import { ok } from '../../shared/http/answer.ts'
import { publicEndpoint } from '../../shared/http/endpoint.ts'

/** Milliseconds: whoever polls in a loop costs the database one statement a second. */
const keptFor = 1_000

const latest = createAgedCache<Promise<void>>({ maxAge: keptFor, maxEntries: 1 })

async function askDatabase(): Promise<void> {
  await readCatalog(applicationPools(), readEnvironment().ATRIUM_CATALOG, { text: 'SELECT', values: [] })
}

/** Answers 200 while the function and the catalog's database work, 503 otherwise. */
export const getHealth = publicEndpoint({
  // Whatever a monitor adds to the query is passed over.
  request: z.object({}),
  async handle() {
    const known = latest.get('database')
    const asked = known ?? askDatabase()
    if (known === undefined) latest.set('database', asked)
    await asked
    return ok({ status: 'ok' })
  },
})

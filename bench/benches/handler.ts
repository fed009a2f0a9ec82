import { listProducts } from '../../functions/products/product-queries.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Bench } from '../bench.ts'
import { openFunction } from '../functions.ts'
import { interleave } from '../interleave.ts'
import { alone, throughputOf } from './measures.ts'

export const handler: Bench = {
  name: 'handler',
  about: 'An event in, its response out, warm: authentication, validation, resolution, SQL and JSON.',
  async run({ quick, openStage }) {
    const stage = await openStage()
    const tenant = await stage.createShop('acme', 100)
    const functions = await openFunction(stage)
    const pools = stage.openPools()
    const db = openTenantDatabase(pools, tenant.ref)
    const event = await stage.eventFor('acme', 'GET', '/products?limit=20')
    const both = await interleave(
      // As the function asks: one row more than the page tells whether there is another.
      { work: () => listProducts(db, { after: undefined, prefix: undefined, limit: 21 }) },
      { work: () => functions.run(event) },
      { repetitions: quick ? 3 : 15, pieces: quick ? 300 : 3_000 },
    )
    await pools.end()
    await functions.end()
    const own = both.cpu.map((cpu, at) => cpu - (both.floorCpu[at] ?? 0))
    return [
      throughputOf(
        { measure: 'event to response, 1 connection', floor: 'the helper alone', goal: { at: 'least', value: 0.75 } },
        both,
      ),
      alone({ measure: 'own CPU of a request', floor: '', unit: 'µs', goal: { at: 'most', value: 50 } }, own),
    ]
  },
}

import { listProducts } from '../../functions/products/product-queries.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Bench } from '../bench.ts'
import { answerFromMemory } from '../from-memory.ts'
import { openFunction } from '../functions.ts'
import { type Interleaved, interleave } from '../interleave.ts'
import { alone, throughputOf } from './measures.ts'

/** Over the one connection, so that neither function nor server sleeps between two. */
const inFlight = 4

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
    // As the function asks: one row more than the page tells whether there is another.
    const helper = () => listProducts(db, { after: undefined, prefix: undefined, limit: 21 })
    const own = () => functions.run(event)
    const each = { repetitions: quick ? 3 : 15, pieces: quick ? 300 : 3_000 }
    const oneByOne = await interleave({ work: helper }, { work: own }, each)
    const several = await interleave(
      { work: helper, concurrency: inFlight },
      { work: own, concurrency: inFlight },
      each,
    )
    // Between two round trips the processor has slept and its caches are cold: that is charged to whatever comes next, and is no work.
    const toServer = answerFromMemory('SELECT id, name')
    const hot = await interleave({ work: helper }, { work: own }, each)
    toServer()
    await pools.end()
    await functions.end()
    const throughput = { floor: 'the helper alone', goal: { at: 'least', value: 0.75 } } as const
    return [
      throughputOf({ measure: 'event to response, 1 connection', ...throughput }, oneByOne),
      throughputOf({ measure: `the same, ${inFlight} events in flight`, ...throughput }, several),
      alone(
        { measure: 'own CPU of a request, hot', floor: '', unit: 'µs', goal: { at: 'most', value: 50 } },
        ownCpu(hot),
      ),
      alone({ measure: 'own CPU, between two round trips', floor: '', unit: 'µs', goal: null }, ownCpu(oneByOne)),
    ]
  },
}

function ownCpu({ cpu, floorCpu }: Interleaved): number[] {
  return cpu.map((each, at) => each - (floorCpu[at] ?? 0))
}

import type { Bench } from '../bench.ts'
import { fill } from '../fill.ts'
import { openFunction } from '../functions.ts'
import { alone } from './measures.ts'

export const memory: Bench = {
  name: 'memory',
  about: 'What a function instance has grown to, after so many requests of so many tenants.',
  async run({ quick, openStage, progress }) {
    const [tenants, requests, few] = quick ? [20, 3_000, 300] : [1_000, 100_000, 1_000]
    const stage = await openStage({ placements: quick ? 1 : 2 })
    const slugs = await fill(stage, tenants, progress)
    for (const slug of slugs) await stage.keyOf(slug)
    const functions = await openFunction(stage)
    const events = await Promise.all(slugs.map((slug) => stage.eventFor(slug, 'GET', '/products?limit=20')))
    const ask = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const event = events[n % tenants]
        if (event !== undefined) await functions.run(event)
        if (n % 20_000 === 19_999) progress(`${(n + 1).toLocaleString('en')} of ${count.toLocaleString('en')} requests`)
      }
    }
    const megabytes = () => {
      globalThis.gc?.()
      return process.memoryUsage().rss / 2 ** 20
    }
    await ask(few)
    const early = megabytes()
    await ask(requests - few)
    const late = megabytes()
    await functions.end()
    const measure = `RSS after ${requests.toLocaleString('en')} requests over ${tenants.toLocaleString('en')} tenants`
    const floor = `after ${few.toLocaleString('en')}`
    return [
      {
        ...alone({ measure, floor, unit: 'MB', goal: { at: 'most', value: 1.1 } }, [late], early),
        ratio: late / early,
      },
    ]
  },
}

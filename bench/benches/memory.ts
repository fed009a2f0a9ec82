import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleFunction } from '../../infra/bundling/bundle-function.ts'
import type { Bench, Measured } from '../bench.ts'
import { fill } from '../fill.ts'
import { startInstance } from '../instance.ts'
import { alone } from './measures.ts'

export const memory: Bench = {
  name: 'memory',
  about: 'What a function instance has grown to, after so many requests of so many tenants.',
  async run({ quick, openStage, progress }) {
    const [tenants, requests, few] = quick ? [20, 3_000, 300] : [1_000, 100_000, 1_000]
    const stage = await openStage({ placements: quick ? 1 : 2 })
    const slugs = await fill(stage, tenants, progress, (slug, placement) => stage.createShop(slug, 20, placement))
    for (const slug of slugs) await stage.keyOf(slug)
    const events = await Promise.all(slugs.map((slug) => stage.eventFor(slug, 'GET', '/products?limit=20')))
    const code = mkdtempSync(join(tmpdir(), 'atrium-bench-'))
    await bundleFunction('functions/products/handler.ts', code)
    // A young generation of 4 MB leaves no room for garbage: what is there then is what is held.
    const instances = [undefined, 4].map((semiSpaceMiB) => ({
      options: semiSpaceMiB === undefined ? '' : `, --max-semi-space-size=${semiSpaceMiB}`,
      instance: startInstance(code, stage.environment, semiSpaceMiB),
    }))
    const ask = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        for (const { instance } of instances) await instance.run(events[n % tenants])
        if (n % 20_000 === 19_999) progress(`${(n + 1).toLocaleString('en')} of ${count.toLocaleString('en')} requests`)
      }
    }
    await ask(few)
    const early = instances.map(({ instance }) => instance.memory())
    await ask(requests - few)
    const measured = instances.map(({ options, instance }, at): Measured => {
      const [first, late] = [early[at] ?? Number.NaN, instance.memory()]
      const after = `after ${requests.toLocaleString('en')} requests over ${tenants.toLocaleString('en')} tenants`
      const measure = `RSS ${after}${options}`
      const floor = `after ${few.toLocaleString('en')}`
      return {
        ...alone({ measure, floor, unit: 'MB', goal: { at: 'most', value: 1.1 } }, [late], first),
        ratio: late / first,
      }
    })
    for (const { instance } of instances) instance.stop()
    rmSync(code, { recursive: true })
    return measured
  },
}

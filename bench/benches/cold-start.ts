import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { routes } from '../../functions/routes.ts'
import { bundleFunction } from '../../infra/bundling/bundle-function.ts'
import { filesOfFunctions } from '../../infra/bundling/bundled-files.ts'
import type { Bench, Measured } from '../bench.ts'
import { startInstance } from '../instance.ts'
import { interleave } from '../interleave.ts'
import type { BenchStage } from '../stage.ts'
import { alone } from './measures.ts'

/** What of a request each function is asked first. */
const firstRequests: Readonly<Record<string, readonly [method: string, target: string]>> = {
  products: ['GET', '/products?limit=20'],
  orders: ['GET', '/orders?limit=20'],
  health: ['GET', '/health'],
  docs: ['GET', '/docs'],
  preflight: ['OPTIONS', '/products'],
}

export const coldStart: Bench = {
  name: 'cold-start',
  about: 'From the start of a process to its first answer, the secret fetched on the way.',
  async run({ quick, openStage, progress }) {
    const stage = await openStage()
    await stage.createShop('acme', 100)
    const folder = mkdtempSync(join(tmpdir(), 'atrium-bench-'))
    const floor = join(folder, 'floor')
    await bundleFunction('bench/servers/pg-alone.ts', floor)
    const floorEnvironment = { ...stage.environment, FLOOR: JSON.stringify(stage.connection('api')) }
    const measured: Measured[] = []
    for (const name of new Set(routes.map((route) => route.function))) {
      progress(name)
      const code = join(folder, name)
      const bytes = await bundleFunction(`functions/${name}/handler.ts`, code, filesOfFunctions[name])
      const event = await firstEvent(stage, name)
      const both = await interleave(
        { work: () => firstAnswer(floor, {}, floorEnvironment) },
        { work: () => firstAnswer(code, event, stage.environment) },
        { repetitions: quick ? 2 : 25, pieces: 1 },
      )
      const more = both.throughput.map((each, at) => 1_000 / each - 1_000 / (both.floorThroughput[at] ?? 0))
      const label = { floor: 'a bundle with pg alone', unit: 'ms' } as const
      measured.push(
        alone(
          { ...label, measure: `${name}: longer by`, goal: { at: 'most', value: 45 } },
          more,
          both.floorLatency.median,
        ),
      )
      measured.push(
        alone({ measure: `${name}: code`, floor: '', unit: 'KB', goal: { at: 'most', value: 300 } }, [
          Math.round(bytes / 1_000),
        ]),
      )
    }
    rmSync(folder, { recursive: true })
    return measured
  },
}

async function firstEvent(stage: BenchStage, name: string): Promise<unknown> {
  const [method, target] = firstRequests[name] ?? []
  if (method === undefined || target === undefined) throw new Error(`no first request is known of the function ${name}`)
  return stage.eventFor('acme', method, target, undefined, { origin: 'https://console.test' })
}

/** Runs a bundle in a process of its own until it has answered one event. */
async function firstAnswer(code: string, event: unknown, environment: Readonly<Record<string, string>>): Promise<void> {
  const instance = startInstance(code, environment)
  await instance.run(event)
  instance.stop()
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { controlRoutes } from '../../functions/control-routes.ts'
import { routes } from '../../functions/routes.ts'
import { bundleFunction } from '../../infra/bundling/bundle-function.ts'
import { filesOfFunctions, migrationFiles } from '../../infra/bundling/bundled-files.ts'
import type { Bench, Measured } from '../bench.ts'
import { startInstance } from '../instance.ts'
import { interleave, quantile } from '../interleave.ts'
import type { BenchStage } from '../stage.ts'
import { alone } from './measures.ts'

/** What each function is asked first. */
const firstRequests: Readonly<Record<string, readonly [method: string, target: string]>> = {
  products: ['GET', '/products?limit=20'],
  orders: ['GET', '/orders?limit=20'],
  health: ['GET', '/health'],
  docs: ['GET', '/docs'],
  preflight: ['OPTIONS', '/products'],
  tenants: ['GET', '/tenants'],
  credentials: ['GET', '/tenants/acme/keys'],
  domains: ['GET', '/domains'],
  operations: ['GET', '/operations'],
  migrations: ['GET', '/fleet'],
  plans: ['GET', '/plans'],
  placements: ['GET', '/placements'],
}

const foldersOf = (all: readonly { readonly function: string }[]) => [...new Set(all.map((route) => route.function))]

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
    const ofApplication = foldersOf(routes)
    for (const name of [...ofApplication, ...foldersOf(controlRoutes)]) {
      progress(name)
      const code = join(folder, name)
      const isControl = !ofApplication.includes(name)
      const files = isControl ? migrationFiles : filesOfFunctions[name]
      const bytes = await bundleFunction(`functions/${name}/handler.ts`, code, files)
      const event = await firstEvent(stage, name, isControl)
      const environment = { ...stage.environment, ATRIUM_LOGIN: isControl ? 'control' : 'api' }
      const both = await interleave(
        { work: () => firstAnswer(floor, {}, floorEnvironment) },
        { work: () => firstAnswer(code, event, environment) },
        { repetitions: quick ? 2 : 25, pieces: 1 },
      )
      const more = both.throughput.map((each, at) => 1_000 / each - 1_000 / (both.floorThroughput[at] ?? 0))
      const label = { floor: 'a bundle with pg alone', unit: 'ms' } as const
      measured.push({
        ...alone(
          { ...label, measure: `${name}: longer by`, goal: { at: 'most', value: 45 } },
          more,
          both.floorLatency.median,
        ),
        p99: quantile(more, 0.99),
      })
      const goal = isControl ? null : ({ at: 'most', value: 300 } as const)
      const kilobytes = Math.round(bytes / 1_000)
      measured.push(alone({ measure: `${name}: code`, floor: '', unit: 'KB', goal }, [kilobytes]))
    }
    rmSync(folder, { recursive: true })
    return measured
  },
}

async function firstEvent(stage: BenchStage, name: string, isControl: boolean): Promise<unknown> {
  const [method, target] = firstRequests[name] ?? []
  if (method === undefined || target === undefined) throw new Error(`no first request is known of the function ${name}`)
  if (isControl) return stage.controlEventFor(method, target)
  return stage.eventFor('acme', method, target, undefined, { origin: 'https://console.test' })
}

/** Runs a bundle in a process of its own until it has answered one event. */
async function firstAnswer(code: string, event: unknown, environment: Readonly<Record<string, string>>): Promise<void> {
  const instance = startInstance(code, environment)
  await instance.run(event)
  instance.stop()
}

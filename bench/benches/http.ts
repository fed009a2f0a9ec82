import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundleFunction } from '../../infra/bundling/bundle-function.ts'
import { projectFolder } from '../../test/support/project-folder.ts'
import type { Bench, Measured } from '../bench.ts'
import { quantile, ratioOf } from '../interleave.ts'
import { alone } from './measures.ts'

const connections = 50

interface Load {
  readonly throughput: number
  readonly p99: number
  readonly failed: number
}

export const http: Bench = {
  name: 'http',
  about: `Whole requests through the local gateway, ${connections} connections.`,
  async run({ quick, openStage }) {
    const stage = await openStage()
    const tenant = await stage.createShop('acme', 100)
    const code = mkdtempSync(join(tmpdir(), 'atrium-bench-'))
    await bundleFunction('functions/products/handler.ts', code)
    const plain = await startServer('plain-server.ts', {
      CONNECTION: JSON.stringify(stage.connection('api')),
      SCHEMA: tenant.ref.schema,
    })
    const headers = { 'x-tenant': 'acme', authorization: `Bearer ${await stage.keyOf('acme')}` }
    const gateways = []
    for (const named of [false, true]) {
      const environment = { ...stage.environment, CODE: code, CONNECTION_NAMED: String(named) }
      gateways.push({ named, loads: [] as Load[], ...(await startServer('gateway-server.ts', environment)) })
    }
    // Each of a function's processes has to get warm by itself: V8 compiles what has run some thousand times.
    const warm = quick ? { requests: 1_000 } : { requests: 40_000 }
    const warming: Load[] = []
    for (const { port } of gateways) warming.push(await load(port, headers, warm))
    await load(plain.port, {}, warm)
    const floors: Load[] = []
    const measured = { seconds: quick ? 1 : 4 }
    for (let repetition = 0; repetition < (quick ? 1 : 5); repetition += 1) {
      // Who is measured first is another one each time.
      const turns = [
        { port: plain.port, headers: {}, loads: floors },
        ...gateways.map(({ port, loads }) => ({ port, headers, loads })),
      ]
      for (let n = 0; n < turns.length; n += 1) {
        const turn = turns[(n + repetition) % turns.length]
        if (turn !== undefined) turn.loads.push(await load(turn.port, turn.headers, measured))
      }
    }
    for (const { child } of [plain, ...gateways]) child.kill('SIGKILL')
    rmSync(code, { recursive: true })
    return [
      ...gateways.flatMap(({ named, loads }) => measuresOf(named ? 'list of 20, named' : 'list of 20', loads, floors)),
      alone({ measure: 'errors', floor: '', unit: 'requests', goal: { at: 'most', value: 0 } }, [
        [...warming, ...gateways.flatMap(({ loads }) => loads)].reduce((sum, { failed }) => sum + failed, 0),
      ]),
    ]
  },
}

function measuresOf(measure: string, loads: readonly Load[], floors: readonly Load[]): Measured[] {
  const floor = 'plain Node http and pg'
  const goal = { at: 'least', value: 0.5 } as const
  const of = (all: readonly Load[], which: 'throughput' | 'p99') => all.map((each) => each[which])
  const [throughputs, floorThroughputs] = [of(loads, 'throughput'), of(floors, 'throughput')]
  return [
    {
      ...alone({ measure, floor, unit: 'per s', goal }, throughputs, quantile(floorThroughputs, 0.5)),
      ...ratioOf(throughputs, floorThroughputs),
    },
    alone(
      { measure: `${measure}: 99th percentile`, floor, unit: 'ms', goal: null },
      of(loads, 'p99'),
      quantile(of(floors, 'p99'), 0.5),
    ),
  ]
}

/** A server in a process of its own, which says its port. */
async function startServer(
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(join(projectFolder, 'bench/servers', file), {
    env: { ...environment, PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [port] = (await once(child, 'message')) as [number]
  return { child, port }
}

async function load(
  port: number,
  headers: Readonly<Record<string, string>>,
  until: { readonly seconds: number } | { readonly requests: number },
): Promise<Load> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(projectFolder, 'node_modules/autocannon/autocannon.js'),
    ...['--json', '--no-progress', '-c', String(connections)],
    ...('seconds' in until ? ['-d', String(until.seconds)] : ['-a', String(until.requests)]),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]),
    `http://localhost:${port}/products?limit=20`,
  ])
  const { requests, latency, errors, timeouts, non2xx } = JSON.parse(stdout)
  return { throughput: requests.average, p99: latency.p99, failed: errors + timeouts + non2xx }
}

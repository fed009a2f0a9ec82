import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundleFunction } from '../../infra/bundling/bundle-function.ts'
import { projectFolder } from '../../test/support/project-folder.ts'
import type { Bench } from '../bench.ts'
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
    const gateway = await startServer('gateway-server.ts', { ...stage.environment, CODE: code })
    const headers = { 'x-tenant': 'acme', authorization: `Bearer ${await stage.keyOf('acme')}` }
    const seconds = quick ? 1 : 4
    const [floors, loads]: Load[][] = [[], []]
    for (let repetition = 0; repetition <= (quick ? 1 : 5); repetition += 1) {
      const floor = await load(plain.port, {}, seconds)
      const measured = await load(gateway.port, headers, seconds)
      if (repetition === 0) continue // warm
      floors?.push(floor)
      loads?.push(measured)
    }
    for (const { child } of [plain, gateway]) child.kill('SIGKILL')
    rmSync(code, { recursive: true })
    const throughputs = (loads ?? []).map(({ throughput }) => throughput)
    const floorThroughputs = (floors ?? []).map(({ throughput }) => throughput)
    const measure = { measure: 'list of 20', floor: 'plain Node http and pg', unit: 'per s' } as const
    return [
      {
        ...alone({ ...measure, goal: { at: 'least', value: 0.5 } }, throughputs, quantile(floorThroughputs, 0.5)),
        ...ratioOf(throughputs, floorThroughputs),
      },
      alone(
        { measure: '99th percentile', floor: measure.floor, unit: 'ms', goal: null },
        (loads ?? []).map(({ p99 }) => p99),
        quantile(
          (floors ?? []).map(({ p99 }) => p99),
          0.5,
        ),
      ),
      alone({ measure: 'errors', floor: '', unit: 'per s', goal: { at: 'most', value: 0 } }, [
        (loads ?? []).reduce((sum, { failed }) => sum + failed, 0),
      ]),
    ]
  },
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

async function load(port: number, headers: Readonly<Record<string, string>>, seconds: number): Promise<Load> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(projectFolder, 'node_modules/autocannon/autocannon.js'),
    ...['--json', '--no-progress', '-c', String(connections), '-d', String(seconds)],
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]),
    `http://localhost:${port}/products?limit=20`,
  ])
  const { requests, latency, errors, timeouts, non2xx } = JSON.parse(stdout)
  return { throughput: requests.average, p99: latency.p99, failed: errors + timeouts + non2xx }
}

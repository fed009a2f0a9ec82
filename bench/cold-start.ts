import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { bundleFunction } from '../infra/bundling/bundle-function.ts'
import { bundleOptions } from '../infra/bundling/bundle-options.ts'
import { filesOfFunctions } from '../infra/bundling/bundled-files.ts'
import { CommandError, runCommand } from '../local/command-line.ts'
import { type BenchStage, withBenchStage } from './bench-stage.ts'

const help = `Measures cold starts: node bench/cold-start.ts [FUNCTION …] [options]

From the start of a process to the first answer of each function of the application plane, its secret included, above a
bundle that loads pg and asks the same database one SELECT. Both by turns in one run, on a PostgreSQL of its own; medians.

Options:
  --rounds N  starts of each (default: 30)
  --json      print one line of JSON
  --help      show this

Example:
  node bench/cold-start.ts products orders`

const options = {
  rounds: { type: 'string', default: '30' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

/** What each function is asked first. */
const requests = {
  products: 'GET /products',
  orders: 'GET /orders',
  health: 'GET /health',
  preflight: 'OPTIONS /{proxy+}',
  docs: 'GET /openapi.json',
} as const

/** Loads the code, hands it one event, and prints the milliseconds since the process began. */
const start = `
const [code, event] = process.argv.slice(1)
const { handler } = await import(code)
const { statusCode } = await handler(JSON.parse(event), { awsRequestId: 'bench', getRemainingTimeInMillis: () => 15_000 })
process.stdout.write('\\n' + JSON.stringify({ statusCode, milliseconds: performance.now() }), () => process.exit())
`

const floor = `
import pg from 'pg'
export async function handler() {
  const client = new pg.Client()
  await client.connect()
  await client.query('SELECT 1')
  return { statusCode: 200 }
}
`

type Name = keyof typeof requests

await runCommand({ help, options }, async ({ values, positionals }) => {
  const unknown = positionals.filter((name) => !Object.hasOwn(requests, name))
  if (unknown.length > 0) throw new CommandError(`there is no function "${unknown.join(', ')}"; see --help`)
  const names = (positionals.length === 0 ? Object.keys(requests) : positionals) as Name[]
  await withBenchStage(async (stage) => {
    const folder = (name: string) => join(stage.folder, name)
    await build({
      ...bundleOptions,
      ...{ stdin: { contents: floor, resolveDir: import.meta.dirname }, outfile: join(folder('floor'), 'index.mjs') },
    })
    const bytes = new Map<string, number>()
    for (const name of names) {
      bytes.set(name, await bundleFunction(`functions/${name}/handler.ts`, folder(name), filesOfFunctions[name]))
    }
    const taken = new Map<string, number[]>(['floor', ...names].map((name) => [name, []]))
    // The first round warms the machine's caches.
    for (let round = -1; round < Number(values.rounds); round += 1) {
      for (const [name, times] of taken) {
        const milliseconds = await startOnce(
          stage,
          folder(name),
          name === 'floor' ? {} : stage.eventFor(requests[name as Name]),
        )
        if (round >= 0) times.push(milliseconds)
      }
    }
    const least = medianOf(taken.get('floor') ?? [])
    const report = names.map((name) => ({
      function: name,
      kilobytes: Math.round((bytes.get(name) ?? 0) / 100) / 10,
      above: Math.round((medianOf(taken.get(name) ?? []) - least) * 10) / 10,
    }))
    if (values.json) return console.log(JSON.stringify({ floor: Math.round(least * 10) / 10, functions: report }))
    console.log(`floor: ${least.toFixed(1)} ms`)
    for (const { function: name, kilobytes, above } of report) {
      console.log(`${name.padEnd(10)} ${kilobytes.toFixed(1).padStart(6)} KB  + ${above.toFixed(1)} ms`)
    }
  })
})

async function startOnce({ environment }: BenchStage, code: string, event: unknown): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', start, join(code, 'index.mjs'), JSON.stringify(event)],
    { env: environment },
  )
  const { statusCode, milliseconds } = JSON.parse(stdout.slice(stdout.lastIndexOf('\n')))
  if (statusCode >= 300) throw new Error(`${code} answered ${statusCode}:\n${stdout}`)
  return milliseconds
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN
}

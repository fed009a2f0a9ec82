import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { CommandError, runCommand } from '../local/command-line.ts'
import { formatTable } from '../local/terminal.ts'
import { isMet, type Measured } from './bench.ts'
import { benches } from './benches.ts'
import { plotResults } from './plot.ts'

const help = `Measures what isolation costs, each measure beside its floor in the same run, by turns.

Usage: npm run bench -- [NAME …] [options]

${benches.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}

Options:
  --quick   under 2 minutes for all of them: to see that they work, not to judge by
  --plot    also draw bench/charts/*.svg from bench/results.json
  --json    print JSON instead of a table
  --help    show this

The ratio is the median of the repetitions' ratios, and of their means where median and 99th percentile are of single ones.
Writes bench/results.json, but for --quick. Goals that are missed are marked; none of them fails the command.

Example:
  npm run bench -- read handler`

const options = {
  quick: { type: 'boolean', default: false },
  plot: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

/** By bench, with what it was measured on. */
export type Results = Readonly<
  Record<string, { readonly node: string; readonly cpus: number; readonly measured: readonly Measured[] }>
>

const file = fileURLToPath(new URL('results.json', import.meta.url))

await runCommand({ help, options }, async ({ values, positionals }) => {
  const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name))
  if (unknown.length > 0) {
    throw new CommandError(`there is no bench "${unknown[0]}": there are ${benches.map(({ name }) => name).join(', ')}`)
  }
  const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  const results: Record<string, Results[string]> = {}
  for (const { name } of chosen) {
    process.stderr.write(`${name} …\n`)
    results[name] = { node: process.version, cpus: cpus().length, measured: await runOne(name, values.quick) }
    if (!values.json) console.log(`${toTable(name, results[name].measured)}\n`)
    // One by one, so that nothing is lost with what is cut short.
    if (!values.quick) write({ ...read(), ...results })
  }
  if (values.plot) plotResults(read())
  if (values.json) console.log(JSON.stringify(results))
})

async function runOne(name: string, quick: boolean): Promise<Measured[]> {
  const child = fork(fileURLToPath(new URL('run-one.ts', import.meta.url)), [name, quick ? 'quick' : 'full'], {
    execArgv: ['--expose-gc', '--max-old-space-size=512'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let measured: Measured[] | undefined
  child.on('message', (message: Measured[]) => {
    measured = message
  })
  const [code] = await once(child, 'close')
  if (code !== 0 || measured === undefined) throw new CommandError(`the bench ${name} did not come to its end`)
  return measured
}

function read(): Results {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

function write(results: Results): void {
  const inOrder = Object.fromEntries(
    benches.flatMap(({ name }) => (results[name] === undefined ? [] : [[name, results[name]]])),
  )
  writeFileSync(file, `${JSON.stringify(inOrder, null, 2)}\n`)
}

function toTable(bench: string, measured: readonly Measured[]): string {
  const rows = measured.map((row) => ({
    [bench]: row.measure,
    median: toText(row.median, row.unit),
    p99: row.p99 === null ? '' : toText(row.p99, row.unit),
    floor: row.floorMedian === null ? '' : toText(row.floorMedian, row.unit),
    ratio: row.ratio === null ? '' : row.ratio.toFixed(2),
    spread: row.spread === null ? '' : `± ${Math.round((row.spread / 2) * 100)} %`,
    goal: toGoal(row),
    beside: row.floor,
  }))
  return formatTable(rows, ['median', 'p99', 'floor', 'ratio', 'spread'])
}

function toText(value: number, unit: Measured['unit']): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return `${value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${unit}`
}

function toGoal(row: Measured): string {
  if (row.goal === null) return ''
  const { at, value } = row.goal
  const text = `${at === 'least' ? '≥' : '≤'} ${row.ratio === null ? toText(value, row.unit) : value}`
  return isMet(row) ? text : `${text}, missed`
}

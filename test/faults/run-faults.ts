import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CommandError, runCommand } from '../../local/command-line.ts'
import { formatTable } from '../../local/terminal.ts'
import { projectFolder } from '../support/project-folder.ts'
import type { FaultRow, NeighbourRow } from './report.ts'

const help = `Breaks the database, the network and the functions at random under load, and counts what is lost or done twice.

Usage: npm run test:faults -- [options]

Options:
  --seed N   other faults than those of seed 1
  --cuts N   how many connections are cut while orders are placed (default: 1000)
  --json     print JSON instead of a table
  --help     show this

Ends with 1 when anything was lost or doubled, or a test failed. npm test runs a shorter form.

Example:
  npm run test:faults -- --seed 7`

/** How much longer the 99th percentile of a neighbour may take. */
const mostDisturbed = 1.5

const options = {
  seed: { type: 'string', default: '1' },
  cuts: { type: 'string', default: '1000' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

await runCommand({ help, options }, async ({ values }) => {
  for (const [name, value] of Object.entries({ seed: values.seed, cuts: values.cuts })) {
    if (!/^\d{1,9}$/.test(value)) throw new CommandError(`--${name} must be a whole number, not "${value}"`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'atrium-faults-'))
  const file = join(folder, 'report.jsonl')
  try {
    if (!values.json) process.stderr.write('Breaking things; it takes some minutes …\n')
    const child = spawn(
      process.execPath,
      [join(projectFolder, 'node_modules/vitest/vitest.mjs'), 'run', 'test/faults'],
      {
        cwd: projectFolder,
        env: {
          ...{ ...process.env, FAULT_REPORT: file, FAULT_SEED: values.seed, FAULT_CUTS: values.cuts },
          ...{ FAULT_FREEZES: '40', FAULT_ROTATIONS: '20', FAULT_STOPS: '10', FAULT_ROUNDS: '2', FAULT_SAMPLES: '250' },
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const [[code], printed, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
    const rows: (FaultRow | NeighbourRow)[] = existsSync(file)
      ? readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : []
    const faults = rows.filter((row) => 'fault' in row)
    const neighbours = rows.filter((row) => 'neighbour' in row)
    if (values.json) console.log(JSON.stringify({ seed: Number(values.seed), faults, neighbours }))
    else {
      console.log(formatTable(faults.map(toCells), ['tried', 'requests', 'lost', 'doubled', 'failed', 'recovery']))
      console.log(
        `\n${formatTable(neighbours.map(toNeighbourCells), ['asked', 'refused', 'quiet', 'disturbed', 'ratio'])}`,
      )
    }
    if (code !== 0) throw new CommandError(`a test of faults failed with seed ${values.seed}:\n${printed}${errors}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function toNeighbourCells({ neighbour, asked, refused, quiet, disturbed }: NeighbourRow): Record<string, string> {
  const ratio = disturbed / quiet
  return {
    ...{ neighbour, asked: asked.toLocaleString('en'), refused: refused.toLocaleString('en') },
    ...{ quiet: `${quiet.toFixed(1)} ms`, disturbed: `${disturbed.toFixed(1)} ms` },
    ratio: `${ratio.toFixed(2)} of ${mostDisturbed}${ratio > mostDisturbed ? ', missed' : ''}`,
  }
}

function toCells({ recovery, fault, ...counts }: FaultRow): Record<string, string> {
  return {
    fault,
    ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count.toLocaleString('en')])),
    recovery: recovery === null ? '' : `${Math.round(recovery)} ms`,
  }
}

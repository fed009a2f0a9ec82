/**
 * Takes each guard out in turn, in a copy of the tree, and runs the tests that should notice. A guard whose removal nothing
 * notices fails the run: npm run test:guards -- [--after-tests] [--json] [WORD …]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { CommandError, runCommand } from '../../local/command-line.ts'
import { createProgress, formatTable } from '../../local/terminal.ts'
import { copyProject } from '../support/copy-project.ts'
import { projectFolder } from '../support/project-folder.ts'
import { type Guard, guards } from './guards.ts'

const help = `Takes each guard of the isolation out in turn, in a copy of the tree, and runs the tests that should notice.

Usage: npm run test:guards -- [options] [WORD …]

WORD picks the guards whose names hold it; without one all are tried. Ends with 1 when a guard's removal went unnoticed.

Options:
  --after-tests  npm test has just passed: do not see first that the tests pass with every guard in its place
  --json         print JSON instead of a table
  --help         show this

Example:
  npm run test:guards -- pg_temp`

const options = {
  'after-tests': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

/** Guards that are tried side by side: as many as the smallest machine has cores. */
const atOnce = 2

const report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
      message: z.string(),
    }),
  ),
})

interface Verdict {
  readonly guard: string
  /** The first test that failed; null when none did. */
  readonly noticed: string | null
}

await runCommand({ help, options }, async ({ values, positionals }) => {
  const chosen = guards.filter(
    ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  )
  if (chosen.length === 0) throw new CommandError(`no guard is named like "${positionals.join(' ')}"`)
  if (!values['after-tests']) await requireGreen(chosen)
  const progress = createProgress('Taking guards out', chosen.length)
  const verdicts: Verdict[] = []
  const queue = chosen[Symbol.iterator]()
  await Promise.all(
    Array.from({ length: atOnce }, () =>
      withCopy(async (copy) => {
        for (let next = queue.next(); !next.done; next = queue.next()) {
          verdicts.push({ guard: next.value.name, noticed: await tryWithout(copy, next.value) })
          progress.advance()
        }
      }),
    ),
  )
  progress.done()
  if (values.json) console.log(JSON.stringify(verdicts))
  else console.log(formatTable(verdicts.map(({ guard, noticed }) => ({ guard, noticed: noticed ?? 'BY NOTHING' }))))
  const unnoticed = verdicts.filter(({ noticed }) => noticed === null)
  if (unnoticed.length > 0) throw new CommandError(`${unnoticed.length} guards can go without a test that notices`)
})

/** With every guard in its place the tests pass: a failure without one is the guard's. */
async function requireGreen(chosen: readonly Guard[]): Promise<void> {
  const tests = [...new Set(chosen.flatMap((guard) => guard.tests))]
  await withCopy(async (copy) => {
    const failed = await findFailure(copy, tests)
    if (failed !== null) throw new CommandError(`a test fails with every guard in its place: ${failed}`)
  })
}

/** Runs `work` with a copy of the tree, as git knows it. */
async function withCopy(work: (copy: string) => Promise<void>): Promise<void> {
  const copy = copyProject()
  try {
    await work(copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

async function tryWithout(copy: string, { name, file, without: [from, to], tests }: Guard): Promise<string | null> {
  const path = join(copy, file)
  const whole = readFileSync(path, 'utf8')
  if (whole.split(from).length !== 2) throw new CommandError(`the guard "${name}" does not stand once in ${file}`)
  writeFileSync(
    path,
    whole.replace(from, () => to),
  )
  try {
    return await findFailure(copy, tests)
  } finally {
    writeFileSync(path, whole)
  }
}

/** The first of the tests that fails, by name; null when all pass. */
async function findFailure(copy: string, tests: readonly string[]): Promise<string | null> {
  const file = join(copy, 'report.json')
  const vitest = join(projectFolder, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--reporter=json', `--outputFile=${file}`, '--bail=1', ...tests]
  const child = spawn(process.execPath, args, { cwd: copy, stdio: 'ignore' })
  const [code] = await once(child, 'close')
  if (code === 0) return null
  const { testResults } = report.parse(JSON.parse(readFileSync(file, 'utf8')))
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  // A file that cannot even begin has noticed as well.
  return (
    failed?.fullName ??
    testResults.find(({ message }) => message !== '')?.message.split('\n')[0] ??
    'the run ended early'
  )
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectFolder } from '../support/project-folder.ts'
import { type Change, type Command, readPage, stepsOf } from './read-page.ts'
import { isSameOutput } from './same-output.ts'
import type { Terminal } from './terminal.ts'

/** What a page says of a command, and what came of it. */
interface Difference {
  readonly place: string
  readonly command: string
  readonly shown: string
  readonly printed: string
}

/** The pages with commands, in the order in which test/docs/pages.docs.ts follows them: the last changes the code. */
export const followed: readonly string[] = [
  ...['README.md', 'docs/api.md', 'docs/local.md', 'docs/domains.md', 'docs/deploying.md', 'docs/operations.md'],
  'docs/first-hour.md',
]

/** Commands of these pages that something else runs, and what. */
export const ranElsewhere: ReadonlyMap<string, string> = new Map([
  ['npm ci', '.ci/run'],
  ['npm test', '.ci/run'],
  ['npm ci && npm test', '.ci/run'],
  ['npm run check', '.ci/run'],
])

/** What only looks, and may have to look again until what was begun is done. */
const looks = /^(?:npx atrium \w+ (?:list|show|status)\b|curl (?!.*-d ))/
const patience = 30

/**
 * Does what a page says in a copy of the project: makes its files, runs its commands. Answers where a command failed, or
 * printed something else; with `update` the page gets what was printed instead. What needs more than this machine, or is run
 * elsewhere, is left out.
 */
export async function followPage(
  page: string,
  folder: string,
  terminal: Terminal,
  update = process.env.UPDATE_PAGES === 'yes',
): Promise<Difference[]> {
  const differences: Difference[] = []
  for (const step of stepsOf(readPage(page))) {
    if (step.kind === 'change') change(folder, step)
    else if (step.kind === 'file') {
      mkdirSync(dirname(join(folder, step.path)), { recursive: true })
      writeFileSync(join(folder, step.path), terminal.toHere(step.text))
    } else if (step.needs === undefined && !ranElsewhere.has(step.command)) {
      const difference = await runCommand(page, step, terminal)
      if (difference !== undefined) differences.push(difference)
    }
  }
  if (!update) return differences
  const updated = differences.reduce(
    (text, { command, shown, printed }) => text.replace(`$ ${command}\n${shown}`, () => `$ ${command}\n${printed}`),
    readPage(page),
  )
  writeFileSync(join(projectFolder, page), updated)
  return []
}

async function runCommand(page: string, step: Command, terminal: Terminal): Promise<Difference | undefined> {
  const { command, output, line } = step
  for (let tried = 0; ; tried += 1) {
    const { code, printed } = await terminal.run(command)
    if (code === 0 && (output === undefined || isSameOutput(output, printed))) return undefined
    if (tried < patience && looks.test(command) && process.env.UPDATE_PAGES !== 'yes') await sleep(1_000)
    else
      return {
        place: `${page}:${line}`,
        command,
        shown: output ?? `(exit code 0, not ${code})`,
        printed: printed.trim().replace(/\batr_[\w-]+/g, 'atr_…'),
      }
  }
}

function change(folder: string, { path, lines }: Change): void {
  const file = join(folder, path)
  const text = readFileSync(file, 'utf8')
  const known = lines.filter((line) => !line.startsWith('+')).map((line) => line.slice(1))
  const before = `${known.join('\n')}\n`
  if (text.split(before).length !== 2) throw new Error(`${path} has not once: ${before}`)
  writeFileSync(
    file,
    text.replace(before, () => `${lines.map((line) => line.slice(1)).join('\n')}\n`),
  )
}

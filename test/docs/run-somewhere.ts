import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { commands, commonOptions } from '../../cli/commands.ts'
import { projectFolder } from '../support/project-folder.ts'
import { ranElsewhere } from './follow-page.ts'
import { pages, readPage, stepsOf } from './read-page.ts'

const sources = globSync('test/**/*.ts', { cwd: projectFolder }).map((file) =>
  readFileSync(join(projectFolder, file), 'utf8'),
)
const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(readPage('package.json'))
const ci = readPage('.ci/run')

/** All commands in the blocks of all pages that are run here. */
const written = [
  ...pages.flatMap((page) =>
    stepsOf(readPage(page)).flatMap((step) =>
      step.kind === 'command' && step.needs === undefined ? step.command : [],
    ),
  ),
  ...ranElsewhere.keys(),
]
const isWritten = (part: string) => written.some((command) => command.includes(part))
const isTested = (part: string) => sources.some((text) => text.includes(part))

/** Commands of `atrium` that are one word. */
const singleWords: ReadonlySet<string> = new Set(['migrate', 'doctor', 'audit', 'usage', 'smoke-test'])

/** Of a command that a page names: whether a block, a test or .ci/run runs such a one, or it cannot be run here. */
export function isRunSomewhere(command: string): boolean {
  const [program = '', ...words] = command.replace(/^npx /, '').split(/\s+/)
  const [first = '', second = ''] = words
  switch (program) {
    // What needs AWS, or SAM CLI.
    case 'aws':
    case 'sam':
      return true
    case 'cdk':
      return (
        ['deploy', 'destroy', 'bootstrap'].includes(first) || scripts['check:synth']?.includes(`cdk ${first}`) === true
      )
    case 'atrium': {
      const name = singleWords.has(first) ? [first] : [first, second.split('|')[0] ?? '']
      const known = commands.find((each) => each.name === name.join(' '))
      const options = words.flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? [])
      if (
        known === undefined ||
        options.some((option) => !Object.hasOwn({ ...known.options, ...commonOptions }, option))
      ) {
        return false
      }
      return isWritten(`atrium ${name.join(' ')}`) || isTested(name.map((word) => `'${word}'`).join(', '))
    }
    case 'npm':
      return isScriptRun(first === 'run' ? (words.slice(1).find((word) => !word.startsWith('--')) ?? '') : first)
    default:
      return isWritten(`${program} ${first}`)
  }
}

function isScriptRun(name: string): boolean {
  if (name === 'ci') return true
  const script = scripts[name]
  if (script === undefined) return false
  const files = script.match(/[\w./-]+\.ts/g) ?? []
  return ci.includes(`npm run ${name}`) || isWritten(name) || files.some(isTested)
}

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTypes } from '../client/create-types.ts'
import { CommandError, runCommand } from '../local/command-line.ts'
import { createDescription } from './create-description.ts'
import { examplesFile, readExamples } from './examples.ts'
import { renderProblems } from './render-problems.ts'

const help = `Writes the API's description: npm run --silent openapi -- [options]

Asks for the answers that it shows anew, on a PostgreSQL of its own (api/examples.json), and writes api/openapi.json from the
table of routes, the schemas and those answers, and the client's types (client/api-types.ts) from that; and the page of
docs/problems.md that the API serves (functions/docs/page/problems.html).

Options:
  --check      write nothing, ask for nothing, and fail when a file is not what would be written
  --no-record  take the answers as they were recorded
  --json       print one line of JSON
  --help       show this

Example:
  npm run --silent openapi`

const options = {
  check: { type: 'boolean', default: false },
  'no-record': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

const project = fileURLToPath(new URL('..', import.meta.url))
const openapiFile = fileURLToPath(new URL('openapi.json', import.meta.url))
const typesFile = fileURLToPath(new URL('../client/api-types.ts', import.meta.url))
const problemsFile = fileURLToPath(new URL('../functions/docs/page/problems.html', import.meta.url))

await runCommand({ help, options }, async ({ values }) => {
  const recorded = !values.check && !values['no-record'] && (await record())
  const description = `${JSON.stringify(await createDescription(readExamples()), null, 2)}\n`
  const wanted = new Map([
    [openapiFile, description],
    [typesFile, await createTypes(description)],
    // What renders it is larger than all the function.
    [problemsFile, renderProblems(readFileSync(new URL('../docs/problems.md', import.meta.url), 'utf8'))],
  ])
  const stale = [...wanted].filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text)
  const names = [...(recorded ? [fileURLToPath(examplesFile)] : []), ...stale.map(([file]) => file)].map((file) =>
    relative(project, file),
  )
  if (values.check && stale.length > 0) {
    throw new CommandError(`not what the code says any more: ${names.join(', ')}. Run: npm run openapi`)
  }
  if (!values.check) for (const [file, text] of stale) writeFileSync(file, text)
  if (values.json) console.log(JSON.stringify(values.check ? { stale: names } : { written: names }))
  else if (!values.check) console.log(names.length === 0 ? 'Nothing has changed.' : `Written: ${names.join(', ')}.`)
})

/** By the test that fails when an answer is not the recorded one. Answers whether one is another now. */
async function record(): Promise<boolean> {
  const before = readFileSync(examplesFile, 'utf8')
  process.stderr.write('Asking for the answers anew; it takes a quarter of a minute …\n')
  const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
  try {
    await promisify(execFile)(process.execPath, [vitest, 'run', 'test/api/examples.test.ts', '--update'], {
      cwd: project,
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new CommandError(
      `an answer is not as the example requests or test/api/examples.test.ts expect:\n${stdout}${stderr}`,
    )
  }
  return readFileSync(examplesFile, 'utf8') !== before
}

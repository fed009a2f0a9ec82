import { randomUUID } from 'node:crypto'
import { existsSync, globSync } from 'node:fs'
import { join, relative } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CommandError, runCommand } from '../command-line.ts'
import { defaultDataFolder, openKeyRing, variablesFile } from '../data-folder.ts'
import { invokeOnce } from '../gateway/function-pool.ts'
import type { Measured, Outcome } from '../gateway/process-messages.ts'
import {
  isNamed,
  type ParameterValues,
  readTemplate,
  type ServableTemplate,
  type TemplateFunction,
} from '../gateway/read-template.ts'
import { readEnvironmentVariables } from './environment-variables.ts'
import { readParameterOverrides } from './parameter-overrides.ts'
import { readEvent } from './read-event.ts'

const help = `Invokes a function on this machine: npm run --silent invoke -- FUNCTION [options]

Runs the bundled code that a synthesised template names, in a process of its own, on one event. FUNCTION is the
construct's id (Products), its path, or the logical id. What the function answers is printed on stdout, what it logs
on stderr. Ends with 1 when the function fails, its error on stdout.

Options, as SAM CLI calls them:
  -e, --event FILE            the event; - reads it from stdin (default: {})
  -n, --env-vars FILE         variables (default: those of the API that npm start is running)
  -t, --template FILE         the template (default: those that npm start synthesised)
  --parameter-overrides TEXT  a template parameter's value, Name=value; may be given again
  --data FOLDER               the data folder of npm start (default: .atrium)
  --json                      print answer, log and measurements as one object
  --help                      show this

Example:
  npm run --silent invoke -- Products -e events/list-products.json`

const options = {
  event: { type: 'string', short: 'e' },
  'env-vars': { type: 'string', short: 'n' },
  template: { type: 'string', short: 't' },
  'parameter-overrides': { type: 'string', multiple: true, default: [] as string[] },
  data: { type: 'string', default: defaultDataFolder },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

await runCommand({ help, options }, async ({ values, positionals }) => {
  const [name, ...surplus] = positionals
  if (name === undefined || surplus.length > 0) throw new CommandError('name one FUNCTION to invoke; see --help')
  const described = findFunction(name, templatesOf(values), readParameterOverrides(values['parameter-overrides']))
  const environment = { ...likeLambda(), ...variablesFor(described, values) }
  const event = values.event === undefined ? {} : await readEvent(values.event, openKeyRing(values.data))
  const requestId = randomUUID()

  const invocation = values.json
    ? await invokeQuietly(described, event, { environment, requestId })
    : await invokeAloud(described, event, { environment, requestId })
  console.log(JSON.stringify(invocation))
})

interface Surroundings {
  readonly environment: Readonly<Record<string, string>>
  readonly requestId: string
}

/** As SAM CLI prints it: the log on stderr between Lambda's lines, the answer alone for stdout. */
async function invokeAloud(described: TemplateFunction, event: unknown, options: Surroundings): Promise<unknown> {
  const { requestId } = options
  process.stderr.write(`START RequestId: ${requestId} Version: $LATEST\n`)
  const { outcome, measured } = await invokeOnce(described, event, { ...options, output: process.stderr })
  process.stderr.write(`END RequestId: ${requestId}\n${reportLine(requestId, described, measured)}\n`)
  return answerOf(outcome)
}

async function invokeQuietly(described: TemplateFunction, event: unknown, options: Surroundings): Promise<unknown> {
  const output = new PassThrough()
  const printed = text(output)
  const { outcome, measured } = await invokeOnce(described, event, { ...options, output })
  output.end()
  const { construct, path, memoryMiB, timeoutSeconds } = described
  return {
    ...{ function: construct, path, requestId: options.requestId, failed: 'error' in outcome },
    ...{ answer: answerOf(outcome), measured, memorySizeMiB: memoryMiB, timeoutSeconds, log: await printed },
  }
}

function answerOf(outcome: Outcome): unknown {
  if ('result' in outcome) return outcome.result ?? null
  process.exitCode = 1
  return outcome.error
}

/** Milliseconds and MB as Lambda's: billed is what was begun, loading included. */
function reportLine(requestId: string, { timeoutSeconds, memoryMiB }: TemplateFunction, measured?: Measured): string {
  const { initMilliseconds: init = 0, milliseconds = timeoutSeconds * 1_000 } = measured ?? {}
  const parts = [
    `REPORT RequestId: ${requestId}`,
    `Init Duration: ${init.toFixed(2)} ms`,
    `Duration: ${milliseconds.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(init + milliseconds)} ms`,
    `Memory Size: ${memoryMiB} MB`,
    ...(measured === undefined ? ['Status: no answer'] : [`Max Memory Used: ${measured.memoryMiB} MB`]),
  ]
  return parts.join('\t')
}

interface Files {
  readonly data: string
  readonly template?: string | undefined
  readonly 'env-vars'?: string | undefined
}

function templatesOf({ template, data }: Files): readonly string[] {
  if (template !== undefined) {
    if (!existsSync(template)) throw new CommandError(`there is no template ${template}: npx cdk synth makes it`)
    return [template]
  }
  const folder = join(data, 'cdk.out')
  const found = globSync(join(folder, '*.template.json'))
  if (found.length > 0) return found.toSorted()
  throw new CommandError(
    `there is no template in ${relative('', folder)}: start the API with npm start, or name one by -t`,
  )
}

function findFunction(name: string, files: readonly string[], parameters: ParameterValues): TemplateFunction {
  const all = files.flatMap((file) => read(file).functions.map((each) => ({ file, ...each })))
  const [found, another] = all.filter((each) => isNamed(each, name))
  if (found === undefined) {
    const names = all.map(({ construct }) => construct).toSorted()
    throw new CommandError(`there is no function "${name}"; there are: ${names.join(', ')}`)
  }
  if (another !== undefined)
    throw new CommandError(`"${name}" is ${found.path} and ${another.path}: name one by its path`)
  return read(found.file, parameters).functionOf(found.path)
}

function read(file: string, parameters: ParameterValues = {}): ServableTemplate {
  try {
    return readTemplate(file, parameters)
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error))
    const why = cause instanceof Error ? cause.message.replace(/\s+/g, ' ') : ''
    throw new CommandError(`${message}: ${why}`)
  }
}

/** What a function finds around it besides its own variables; credentials that lead nowhere, unless there are some. */
function likeLambda(): Record<string, string> {
  const { AWS_REGION = 'us-east-1', AWS_ACCESS_KEY_ID = 'local', AWS_SECRET_ACCESS_KEY = 'local' } = process.env
  return { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }
}

/** The variables that the function declares, as on AWS and with SAM CLI; others would be nothing that a deployment has. */
function variablesFor(described: TemplateFunction, { data, 'env-vars': named }: Files): Record<string, string> {
  const file = named ?? join(data, variablesFile)
  if (named === undefined && !existsSync(file)) {
    process.stderr.write('npm start is not running: the function has the variables of its template alone\n')
    return {}
  }
  const given = Object.entries(readEnvironmentVariables(file, described))
  return Object.fromEntries(given.filter(([name]) => name in described.environment))
}

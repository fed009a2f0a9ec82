import { parseArgs } from 'node:util'
import { CommandError, reportError } from '../local/command-line.ts'
import { defaultDataFolder } from '../local/data-folder.ts'
import type { Command } from './command.ts'
import { commands, commonOptions } from './commands.ts'
import { type ControlClient, connectControlPlane } from './control-client.ts'

const commonHelp = `Options of every command:
  --json         print JSON instead of tables and sentences
  --url URL      the control plane (default: $ATRIUM_URL; without both, the one that npm start runs here)
  --data FOLDER  the data folder that npm start was given (default: .atrium)
  --help         show this`

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `Operates Atrium's tenants: npx atrium COMMAND [options]\n\nCommands:\n${lines.join('\n')}\n\n${commonHelp}`
}

function helpOf({ name, usage, summary, example }: Command): string {
  return `${summary}\n\nUsage:   atrium ${`${name} ${usage}`.trim()}\nExample: ${example}\n\n${commonHelp}`
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  reportError(error)
}

async function run(words: readonly string[]): Promise<void> {
  const command = commands.find(({ name }) => name.split(' ').every((word, at) => words[at] === word))
  if (command === undefined) {
    if (words.length === 0 || words.includes('--help')) return console.log(overview())
    throw new CommandError(`there is no command "${words.slice(0, 2).join(' ')}"; see --help`)
  }
  const { values, positionals } = parseArgs({
    args: words.slice(command.name.split(' ').length),
    options: { ...command.options, ...commonOptions },
    allowPositionals: true,
  })
  if (values.help === true) return console.log(helpOf(command))
  await command.run({
    client: connectWhenNeeded({ url: asText(values.url), data: asText(values.data) ?? defaultDataFolder }),
    args: positionals,
    options: values,
    json: values.json === true,
    print: (answer, text) => console.log(values.json === true ? JSON.stringify(answer) : text()),
  })
}

/** A command that asks the control plane nothing needs none. */
function connectWhenNeeded(options: { url?: string; data: string }): ControlClient {
  let connected: Promise<ControlClient> | undefined
  return {
    async send(method, path, body) {
      connected ??= connectControlPlane(options)
      return (await connected).send(method, path, body)
    },
  }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

import type { ParseArgsOptionsConfig } from 'node:util'
import { CommandError } from '../local/command-line.ts'
import { formatTable } from '../local/terminal.ts'
import type { ControlClient } from './control-client.ts'

/** One command of `atrium`. */
export interface Command {
  /** `tenants create` */
  readonly name: string
  /** What follows the name: `SLUG --name NAME` */
  readonly usage: string
  /** What it does, in a sentence. */
  readonly summary: string
  readonly example: string
  readonly options?: ParseArgsOptionsConfig
  run(call: CommandCall): Promise<void>
}

export interface CommandCall {
  readonly client: ControlClient
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly json: boolean
  /** Prints an answer: as JSON for --json, else as `text` makes it. */
  print(answer: unknown, text: () => string): void
}

/** The arguments by name, one each. Throws a CommandError with what was expected. */
export function takeArguments<Name extends string>(call: CommandCall, ...names: readonly Name[]): Record<Name, string> {
  if (call.args.length !== names.length) {
    throw new CommandError(`expected ${names.length === 0 ? 'no arguments' : names.join(' ')}; see --help`)
  }
  return Object.fromEntries(names.map((name, at) => [name, call.args[at] ?? ''])) as Record<Name, string>
}

export function textOption(call: CommandCall, name: string): string | undefined {
  const value = call.options[name]
  return typeof value === 'string' ? value : undefined
}

/** All rows of a list, page by page. */
// biome-ignore lint/suspicious/noExplicitAny: each command knows its rows
export async function readAll(client: ControlClient, path: string, most = Number.POSITIVE_INFINITY): Promise<any[]> {
  const rows: unknown[] = []
  let cursor: string | null = null
  do {
    const separator = path.includes('?') ? '&' : '?'
    const limit = Math.min(200, most - rows.length)
    const next: string = `${path}${separator}limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`
    const { body } = await client.send('GET', next)
    rows.push(...body.items)
    cursor = body.next_cursor
  } while (cursor !== null && rows.length < most)
  return rows
}

/** A table of named columns, or a sentence when there are no rows. */
export function table(rows: readonly Readonly<Record<string, string>>[], none: string): string {
  return rows.length === 0 ? none : formatTable(rows)
}

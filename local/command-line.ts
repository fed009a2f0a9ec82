import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** What a command was called wrongly with, or cannot do: said in one line, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/**
 * Runs a command: prints `help` for --help, and a CommandError as one line on stderr with exit code 1. Arguments that
 * the command does not know are such an error.
 */
export async function runCommand<Options extends ParseArgsOptionsConfig>(
  definition: { readonly help: string; readonly options: Options },
  run: (args: ReturnType<typeof parse<Options>>) => Promise<void>,
): Promise<void> {
  try {
    const args = parse(definition.options)
    if ('help' in args.values && args.values.help === true) console.log(definition.help)
    else await run(args)
  } catch (error) {
    reportError(error)
  }
}

/** Ends a command with exit code 1: an expected error as one line, any other whole. */
export function reportError(error: unknown): void {
  process.exitCode = 1
  const expected = error instanceof CommandError || isArgumentError(error)
  console.error(expected && error instanceof Error ? `error: ${error.message}` : error)
}

function parse<Options extends ParseArgsOptionsConfig>(options: Options) {
  return parseArgs({ options, allowPositionals: true })
}

function isArgumentError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

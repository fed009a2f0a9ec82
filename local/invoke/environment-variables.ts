import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { CommandError } from '../command-line.ts'
import type { FunctionNames } from '../gateway/read-template.ts'

const variables = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const file = z.record(z.string(), variables)

/**
 * Reads a file of variables as SAM CLI does: those of `Parameters` are every function's, those under a function's logical
 * id, construct id or path its own, which win. Throws a CommandError for a file that is not of that form.
 */
export function readEnvironmentVariables(
  path: string,
  { id, construct, path: at }: FunctionNames,
): Record<string, string> {
  const content = parse(path)
  const own = content[id] ?? content[at] ?? content[construct] ?? {}
  return Object.fromEntries(
    Object.entries({ ...content.Parameters, ...own }).map(([name, value]) => [name, String(value)]),
  )
}

function parse(path: string): z.output<typeof file> {
  try {
    return file.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const expected = '{"Parameters": {"NAME": "value"}, "Products": {"NAME": "value"}}'
    throw new CommandError(`${path} cannot be read as variables; expected: ${expected}`, { cause })
  }
}

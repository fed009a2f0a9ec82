import { CommandError } from '../command-line.ts'
import type { ParameterValues } from '../gateway/read-template.ts'

const pair = /^ParameterKey=("?)([A-Za-z0-9]+)\1,ParameterValue=(.*)$/
const short = /^([A-Za-z0-9]+)=(.*)$/

/** Several in one text are told apart by the next one's beginning: a value may hold spaces. */
const next = /\s+(?=[A-Za-z0-9]+=)/

/**
 * Reads values of a template's parameters as SAM CLI takes them: `Name=value`, or `ParameterKey=Name,ParameterValue=value`,
 * several in one text or apart. Throws a CommandError for what is neither.
 */
export function readParameterOverrides(given: readonly string[]): ParameterValues {
  return Object.fromEntries(
    given
      .flatMap((text) => text.trim().split(next))
      .map((text) => {
        const [, , longName, longValue] = pair.exec(text) ?? []
        const [, name = longName, value = longValue] = longName === undefined ? (short.exec(text) ?? []) : []
        if (name === undefined || value === undefined) {
          throw new CommandError(`--parameter-overrides takes Name=value, not "${text}"`)
        }
        return [name, value.replace(/^"(.*)"$/, '$1')]
      }),
  )
}

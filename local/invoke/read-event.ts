import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { CommandError } from '../command-line.ts'
import type { KeyRing } from '../data-folder.ts'

/** Stands in an event file for a tenant's API key, which no file of the project may hold. */
const keyPlace = /\{key of ([a-z0-9-]+)\}/g

/** Reads an event from a file, or standard input for `-`, with the tenants' keys put in. Throws a CommandError otherwise. */
export async function readEvent(path: string, keys: KeyRing): Promise<unknown> {
  const content = fillInKeys(await readText(path), keys)
  try {
    return JSON.parse(content)
  } catch (error) {
    // The parser quotes what it was given, line ends included.
    const why = String(error instanceof Error ? error.message : error).replace(/\s+/g, ' ')
    throw new CommandError(`the event is no JSON: ${why}`)
  }
}

/** Puts the tenants' keys where an event names them. Throws a CommandError for a tenant of whom there is none. */
export function fillInKeys(event: string, keys: KeyRing): string {
  return event.replace(keyPlace, (_, slug: string) => {
    const key = keys.get(slug)
    if (key !== undefined) return key
    throw new CommandError(`the event needs a key of ${slug}'s, and ${relative('', keys.file)} has none`)
  })
}

async function readText(path: string): Promise<string> {
  if (path === '-') return text(process.stdin)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`the event cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

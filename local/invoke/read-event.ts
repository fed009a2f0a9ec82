import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { CommandError } from '../command-line.ts'
import type { KeyRing } from '../data-folder.ts'

/** Stands in an event file for a tenant's API key, which no file of the project may hold. */
const keyPlace = /\{key of ([a-z0-9-]+)\}/g

/** Reads an event from a file, or standard input for `-`, with the tenants' keys put in. Throws a CommandError otherwise. */
export async function readEvent(path: string, keys: KeyRing): Promise<unknown> {
  const content = await readText(path)
  const filled = content.replace(keyPlace, (_, slug: string) => {
    const key = keys.get(slug)
    if (key === undefined) throw new CommandError(`the event needs a key of ${slug}'s, and ${keys.file} has none`)
    return key
  })
  try {
    return JSON.parse(filled)
  } catch (error) {
    throw new CommandError(`the event is no JSON: ${error instanceof Error ? error.message : error}`)
  }
}

async function readText(path: string): Promise<string> {
  if (path === '-') return text(process.stdin)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`the event cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

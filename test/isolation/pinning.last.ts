import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, inject, it } from 'vitest'
import { pinsOnPurpose } from '../support/stage.ts'

/**
 * What ties a session of RDS Proxy to one client: the user guide's list for PostgreSQL (rds-proxy-pinning). A call of a stored
 * function is none, whatever the function does.
 */
const pinning: ReadonlyMap<string, RegExp> = new Map([
  ['SET or RESET', /(?:^|;)\s*(?:SET|RESET)\b/i],
  ['set_config', /\bset_config\s*\(/i],
  ['PREPARE, EXECUTE, DEALLOCATE or DISCARD', /(?:^|;)\s*(?:PREPARE|EXECUTE|DEALLOCATE|DISCARD)\b/i],
  ['LISTEN', /(?:^|;)\s*(?:LISTEN|UNLISTEN)\b/i],
  ['LOAD', /(?:^|;)\s*LOAD\b/i],
  ['a cursor', /(?:^|;)\s*DECLARE\b/i],
  ['a temporary object', /\bCREATE\s+(?:LOCAL\s+|GLOBAL\s+)?TEMP(?:ORARY)?\b|\bpg_temp\b/i],
  ['a sequence by name', /\b(?:nextval|setval|currval|lastval)\s*\(/i],
  ['a lock by function', /\bpg_(?:try_)?advisory_/i],
])

/** `execute <unnamed>: …` is what an unnamed statement looks like in the log; a named one is pinning as well. */
const logged = /^(?:statement|execute ([^:]+)): ([\s\S]*)$/

/** Every statement that an application-plane login has sent to the server in this run, once by database, with its name. */
async function readStatements(): Promise<Map<string, string>> {
  const byDatabase = new Map<string, Map<string, string>>()
  const misused = new Set<string>()
  for await (const line of createInterface({ input: createReadStream(inject('statementLog')) })) {
    const { user, dbname = '', message }: { user?: string; dbname?: string; message?: string } = JSON.parse(line)
    if (message?.includes(pinsOnPurpose)) misused.add(dbname)
    if (!/_api(?:_clone)?$/.test(user ?? '')) continue
    const [, name = '<unnamed>', text] = logged.exec(message ?? '') ?? []
    if (text === undefined) continue
    const found = byDatabase.get(dbname) ?? new Map<string, string>()
    byDatabase.set(dbname, found.set(text, name))
  }
  return new Map([...byDatabase].flatMap(([name, found]) => (misused.has(name) ? [] : [...found])))
}

it('nothing that the application plane sends pins a session of RDS Proxy', async () => {
  const statements = await readStatements()
  const complaints = [...statements].flatMap(([text, name]) => [
    ...(name === '<unnamed>' ? [] : [`a named statement, ${name}: ${text}`]),
    ...[...pinning].flatMap(([what, pattern]) => (pattern.test(text) ? [`${what}: ${text}`] : [])),
  ])
  expect(complaints).toEqual([])
  // The reading itself: what every request sends must be among them.
  const sent = [...statements.keys()].join('\n')
  expect(sent).toContain('atrium.enter(')
  expect(sent).toContain('atrium.leave()')
})

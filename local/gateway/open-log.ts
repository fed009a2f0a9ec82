import { once } from 'node:events'
import { createWriteStream, type WriteStream, writeFileSync } from 'node:fs'

/** A file, emptied, that the processes of all functions append what they print to. Rejects when it cannot be opened. */
export async function openLog(path: string): Promise<WriteStream> {
  writeFileSync(path, '', { mode: 0o600 })
  const log = createWriteStream(path, { flags: 'a' })
  await once(log, 'open')
  return log
}

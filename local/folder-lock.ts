import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface FolderLock {
  release(): void
}

/**
 * Where a folder's lock is: a socket that its holder listens on, so that the lock ends with the process, however that
 * ends, and no number of a dead process is ever taken for a living one. Linux needs no file for it.
 */
function socketOf(folder: string): string {
  const name = `atrium-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`)
}

/** Takes the lock of a data folder, or answers undefined when another process of this machine holds it. */
export async function lockFolder(folder: string): Promise<FolderLock | undefined> {
  const path = socketOf(folder)
  const server = createServer((socket) => socket.destroy())
  for (const last of [false, true]) {
    server.listen(path)
    const failure: unknown = await once(server, 'listening').then(
      () => undefined,
      (error) => error,
    )
    if (failure === undefined) {
      server.unref()
      return { release: () => server.close() }
    }
    if (last || (await isFolderLocked(folder))) return undefined
    rmSync(path, { force: true }) // left by a process that was killed, where sockets are files
  }
  return undefined
}

/** Whether some process holds the folder's lock now. */
export async function isFolderLocked(folder: string): Promise<boolean> {
  const socket = connect(socketOf(folder))
  const held = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return held
}

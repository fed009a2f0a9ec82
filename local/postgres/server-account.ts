import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Whom the server runs as. PostgreSQL refuses to run as root, so root's server belongs to the user `postgres`. */
export interface ServerAccount {
  readonly uid: number
  readonly gid: number
}

/** Undefined when the server can run as whoever runs this. Makes the system user `postgres` if root has none yet. */
export function findServerAccount(): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined
  const existing = lookUp('postgres')
  if (existing !== undefined) return existing
  execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'])
  const made = lookUp('postgres')
  if (made === undefined) throw new Error('PostgreSQL cannot run as root, and the user "postgres" could not be made')
  return made
}

function lookUp(name: string): ServerAccount | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/** Whether the account may enter every folder on the way to `path`: a clone under /root, say, it may not. */
export function canReach(account: ServerAccount, path: string): boolean {
  const folder = dirname(resolve(path))
  if (folder !== dirname(folder) && !canReach(account, folder)) return false
  const { uid, gid, mode } = statSync(folder)
  const enter = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  return (mode & enter) !== 0
}

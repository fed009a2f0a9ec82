import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { findFreePort } from '../free-port.ts'
import { findServerAccount, type ServerAccount } from './server-account.ts'
import { findServerFolders, makeServerFolder } from './server-folders.ts'

export interface Cluster {
  readonly port: number
  /** Connects as the superuser, who only bootstraps the cluster. */
  readonly superuser: pg.ClientConfig
  /** Ends every session and stops the server, its data whole on disk. */
  stop(): Promise<void>
}

export interface ClusterOptions {
  /** Holds the cluster and the server's log, which are made when missing. */
  readonly dataFolder: string
  readonly superuserPassword: string
  /** False gives up the data's safety in a crash of the machine for speed: for tests. */
  readonly durable: boolean
  readonly maxConnections?: number
  /** Further settings of the server, by their names. */
  readonly settings?: Readonly<Record<string, string | number>>
}

const superuserName = 'superuser'

/**
 * Starts an embedded PostgreSQL on a free port of 127.0.0.1. A server that an earlier process left running on the same
 * data is stopped first. Throws with the end of the server's log when it does not come up.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const account = findServerAccount()
  const folders = findServerFolders(options.dataFolder, account)
  if (!existsSync(join(folders.cluster, 'PG_VERSION'))) {
    await initialise(folders.programs, folders.cluster, options.superuserPassword, account)
  }
  await stopLeftOver(folders.cluster)

  const port = await findFreePort()
  const logFile = join(options.dataFolder, 'postgres.log')
  const log = openSync(logFile, 'w', 0o600)
  const server = spawn(join(folders.programs, 'postgres'), ['-D', folders.cluster, ...settings(port, options)], {
    ...account,
    stdio: ['ignore', log, log],
    detached: true, // Ctrl-C in the terminal is for us: we stop the server when nothing needs it any more
  })
  closeSync(log)

  const superuser = {
    host: '127.0.0.1',
    port,
    user: superuserName,
    password: options.superuserPassword,
    database: 'postgres',
  }
  await untilReady(server, superuser, logFile)
  return { port, superuser, stop: () => stop(server) }
}

/** Removes the cluster of this data folder, which no server may be using. */
export async function removeCluster(dataFolder: string): Promise<void> {
  const { cluster } = findServerFolders(dataFolder, findServerAccount())
  await stopLeftOver(cluster)
  rmSync(cluster, { recursive: true, force: true })
}

async function initialise(
  programs: string,
  cluster: string,
  password: string,
  account: ServerAccount | undefined,
): Promise<void> {
  // A folder without PG_VERSION is what an interrupted initdb leaves.
  rmSync(cluster, { recursive: true, force: true })
  makeServerFolder(cluster, account)
  const secretFolder = mkdtempSync(join(tmpdir(), 'atrium-'))
  try {
    const passwordFile = join(secretFolder, 'password')
    writeFileSync(passwordFile, password, { mode: 0o600 })
    if (account !== undefined)
      for (const path of [secretFolder, passwordFile]) chownSync(path, account.uid, account.gid)
    await promisify(execFile)(
      join(programs, 'initdb'),
      [
        ...[`--pgdata=${cluster}`, `--username=${superuserName}`, `--pwfile=${passwordFile}`],
        ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8'],
        '--no-sync',
      ],
      { ...account, cwd: '/' },
    )
  } catch (cause) {
    throw new Error(`initdb failed in ${cluster}`, { cause })
  } finally {
    rmSync(secretFolder, { recursive: true, force: true })
  }
}

function settings(port: number, options: ClusterOptions): string[] {
  const values: Record<string, string | number> = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: options.maxConnections ?? 200,
    max_locks_per_transaction: 256, // a schema a tenant: a fleet-wide statement locks many relations
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...options.settings,
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function untilReady(server: ChildProcess, config: pg.ClientConfig, logFile: string): Promise<void> {
  let failure: Error | undefined
  server.once('error', (error) => {
    failure = error
  })
  server.once('exit', (code, signal) => {
    failure ??= new Error(`it ended with ${signal ?? code}`)
  })
  for (;;) {
    const client = new pg.Client(config)
    client.on('error', () => undefined)
    const refusal = await client.connect().then(
      () => client.end(),
      (error: Error) => error,
    )
    if (refusal === undefined) return
    if (failure !== undefined) {
      const log = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-10).join('\n') : ''
      throw new Error(`PostgreSQL did not start: ${failure.message}\n${log}`, { cause: failure })
    }
    const starting = !('code' in refusal) || refusal.code === '57P03' || refusal.code === 'ECONNREFUSED'
    if (!starting) {
      await stop(server)
      throw new Error('PostgreSQL started, but refuses its superuser', { cause: refusal })
    }
    await sleep(25)
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGINT') // fast shutdown: sessions end, the data is flushed
  const stuck = setTimeout(() => server.kill('SIGQUIT'), patience)
  await ended
  clearTimeout(stuck)
}

/**
 * Milliseconds after which a server that does not end is ended at once, and recovers at its next start. PostgreSQL 18.4 stays
 * for ever when it is told to stop in the first moments of recovering from a crash.
 */
const patience = 20_000

/** Stops the server that a process which was killed left on this data. */
async function stopLeftOver(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid')
  if (!existsSync(pidFile)) return
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  if (!Number.isInteger(pid) || pid <= 1 || !isServerOf(pid, cluster)) return
  process.kill(pid, 'SIGINT')
  const stuck = Date.now() + patience
  while (isServerOf(pid, cluster)) {
    if (Date.now() > stuck) process.kill(pid, 'SIGQUIT')
    await sleep(25)
  }
}

function isServerOf(pid: number, cluster: string): boolean {
  try {
    process.kill(pid, 0)
    // The pid of a server that is long gone may be another program's by now.
    const commandLine =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    return commandLine.includes(cluster)
  } catch {
    return false
  }
}

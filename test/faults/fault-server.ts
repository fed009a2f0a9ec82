import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type Cluster, removeCluster, startCluster } from '../../local/postgres/cluster.ts'
import { createMaster } from '../../local/postgres/create-master.ts'
import { findServerAccount } from '../../local/postgres/server-account.ts'
import { findServerFolders } from '../../local/postgres/server-folders.ts'
import { startCountingProxy } from '../support/counting-proxy.ts'

/** A PostgreSQL that may be broken: it is of one file's own. */
export interface FaultServer {
  readonly master: pg.ClientConfig
  /** Stops it and starts it again, as itself or as a standby that only reads: `master` still leads there. */
  restart(role?: 'primary' | 'standby'): Promise<void>
  /** A disk of so many bytes, by the name of its tablespace; undefined where none can be mounted. */
  mountDisk(bytes: number): Promise<SmallDisk | undefined>
  superuser(): pg.ClientConfig
  remove(): Promise<void>
}

export interface SmallDisk {
  readonly tablespace: string
  /** Leaves no room on it, and gives it back. */
  fill(): void
  clear(): void
}

export async function startFaultServer(): Promise<FaultServer> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'atrium-faults-'))
  chmodSync(dataFolder, 0o711) // root's server runs as another user
  const superuserPassword = randomBytes(24).toString('base64url')
  // What was acknowledged must outlive a process that is killed, though not a machine.
  const settings = { synchronous_commit: 'on', full_page_writes: 'on' }
  const start = (): Promise<Cluster> => startCluster({ dataFolder, superuserPassword, durable: false, settings })
  let cluster = await start()
  const disks: string[] = []
  // The server itself has another port after each start.
  const front = await startCountingProxy({ host: '127.0.0.1', port: cluster.port })
  const master = await createMaster(cluster.superuser, randomBytes(24).toString('base64url'))
  return {
    master: { ...master, port: front.port },
    superuser: () => cluster.superuser,
    async restart(role = 'primary') {
      await cluster.stop()
      const signal = join(findServerFolders(dataFolder, findServerAccount()).cluster, 'standby.signal')
      if (role === 'standby') writeFileSync(signal, '')
      else rmSync(signal, { force: true })
      cluster = await start()
      front.leadTo(cluster.port)
    },
    async mountDisk(bytes) {
      const account = findServerAccount()
      const folder = mkdtempSync(join(tmpdir(), 'atrium-disk-'))
      // Root alone may mount, and root's server is another user.
      if (account === undefined) return undefined
      const { uid, gid } = account
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},uid=${uid},gid=${gid},mode=700`, 'tmpfs', folder])
      } catch {
        return undefined
      }
      disks.push(folder)
      const client = new pg.Client(cluster.superuser)
      await client.connect()
      await client.query(`CREATE TABLESPACE small LOCATION '${folder}'`)
      await client.query('GRANT CREATE ON TABLESPACE small TO PUBLIC')
      await client.end()
      const filler = join(folder, 'filler')
      return {
        tablespace: 'small',
        fill() {
          for (let size = bytes; size >= 1; size = Math.floor(size / 2)) {
            for (;;) {
              try {
                appendFileSync(filler, Buffer.alloc(size))
              } catch {
                break
              }
            }
          }
        },
        clear: () => rmSync(filler, { force: true }),
      }
    },
    async remove() {
      await front.close()
      await cluster.stop()
      for (const folder of disks) {
        execFileSync('umount', [folder])
        rmdirSync(folder)
      }
      await removeCluster(dataFolder)
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}

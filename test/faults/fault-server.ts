import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { type Cluster, removeCluster, startCluster } from '../../local/postgres/cluster.ts'
import { createMaster } from '../../local/postgres/create-master.ts'
import { startCountingProxy } from '../support/counting-proxy.ts'

/** A PostgreSQL that may be broken: it is of one file's own. */
export interface FaultServer {
  readonly master: pg.ClientConfig
  /** Stops it and starts it again: `master` still leads there. */
  restart(): Promise<void>
  superuser(): pg.ClientConfig
  remove(): Promise<void>
}

export async function startFaultServer(): Promise<FaultServer> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'atrium-faults-'))
  chmodSync(dataFolder, 0o711) // root's server runs as another user
  const superuserPassword = randomBytes(24).toString('base64url')
  // What was acknowledged must outlive a process that is killed, though not a machine.
  const settings = { synchronous_commit: 'on', full_page_writes: 'on' }
  const start = (): Promise<Cluster> => startCluster({ dataFolder, superuserPassword, durable: false, settings })
  let cluster = await start()
  // The server itself has another port after each start.
  const front = await startCountingProxy({ host: '127.0.0.1', port: cluster.port })
  const master = await createMaster(cluster.superuser, randomBytes(24).toString('base64url'))
  return {
    master: { ...master, port: front.port },
    superuser: () => cluster.superuser,
    async restart() {
      await cluster.stop()
      cluster = await start()
      front.leadTo(cluster.port)
    },
    async remove() {
      await front.close()
      await cluster.stop()
      await removeCluster(dataFolder)
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}

import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { removeCluster, startCluster } from '../../local/postgres/cluster.ts'
import { createMaster } from '../../local/postgres/create-master.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connects as the role that plays RDS's master user. */
    master: pg.ClientConfig
    /** For what only a superuser can look into, such as the state of other sessions. */
    superuser: pg.ClientConfig
    /** The server's log, JSON lines with every statement that it was sent. */
    statementLog: string
  }
}

/** Every statement is kept, for test/isolation/pinning.last.ts to read. */
const statementLog = {
  ...{ logging_collector: 'on', log_destination: 'jsonlog', log_statement: 'all' },
  ...{ log_filename: 'statements', log_rotation_age: 0, log_rotation_size: 0 },
}

async function findStatementLog(superuser: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(superuser)
  await client.connect()
  const { rows } = await client.query<{ path: string }>(
    "SELECT current_setting('data_directory') || '/' || pg_current_logfile('jsonlog') AS path",
  )
  await client.end()
  return rows[0]?.path ?? ''
}

/** One PostgreSQL for the whole run; each test file makes a placement of its own in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'atrium-test-'))
  chmodSync(dataFolder, 0o711) // root's server runs as another user
  // What every worker adds to, for test/shared/no-secrets.last.ts.
  process.env.SUITE_LOG = join(dataFolder, 'log')
  process.env.SUITE_SECRETS = join(dataFolder, 'secrets')
  const password = () => {
    const made = randomBytes(24).toString('base64url')
    appendFileSync(join(dataFolder, 'secrets'), `${made}\n`)
    return made
  }
  const cluster = await startCluster({
    dataFolder,
    superuserPassword: password(),
    durable: false,
    settings: statementLog,
  })
  project.provide('master', await createMaster(cluster.superuser, password()))
  project.provide('superuser', cluster.superuser)
  project.provide('statementLog', await findStatementLog(cluster.superuser))
  return async () => {
    await cluster.stop()
    await removeCluster(dataFolder)
    rmSync(dataFolder, { recursive: true, force: true })
  }
}

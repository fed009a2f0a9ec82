import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { findFreePort } from '../../local/free-port.ts'
import { findServerAccount } from '../../local/postgres/server-account.ts'

/** PgBouncer between us and the server, as Debian packages it. */
export interface PgBouncer {
  readonly port: number
  stop(): Promise<void>
}

/**
 * Starts PgBouncer in transaction mode with one server connection for a login, so that all its clients share a backend.
 * Throws when the program is not installed.
 */
export async function startPgBouncer(target: pg.ClientConfig): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'atrium-pgbouncer-'))
  const port = await findFreePort()
  const quote = (text: unknown) => `"${String(text).replaceAll('"', '""')}"`
  const files = {
    'users.txt': `${quote(target.user)} ${quote(target.password)}\n`,
    'pgbouncer.ini': `[databases]
${target.database} = host=${target.host} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = 1
max_client_conn = 100
`,
  }
  const account = findServerAccount()
  chmodSync(folder, 0o700)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 })
  if (account !== undefined) {
    for (const path of [folder, ...Object.keys(files).map((name) => join(folder, name))]) {
      chownSync(path, account.uid, account.gid)
    }
  }
  const child = spawn('/usr/sbin/pgbouncer', [join(folder, 'pgbouncer.ini')], {
    ...account,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await untilListening(child, port)
  return {
    port,
    async stop() {
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
      rmSync(folder, { recursive: true })
    },
  }
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  let said = ''
  let failed: Error | undefined
  child.stderr?.on('data', (text) => {
    said += text
  })
  child.once('error', (error) => {
    failed = new Error(`PgBouncer cannot be started (apt-get install pgbouncer): ${error.message}`)
  })
  child.once('exit', () => {
    failed ??= new Error(`PgBouncer ended: ${said}`)
  })
  for (;;) {
    if (failed !== undefined) throw failed
    const socket = connect(port, '127.0.0.1')
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (open) return
    await sleep(50)
  }
}

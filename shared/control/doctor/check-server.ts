import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import { onlyRow } from '../../db/only-row.ts'
import { readEnvironment } from '../../environment.ts'
import { connectionsForLogins, describeShortage } from '../../tenancy/server-connections.ts'
import type { Finding } from './finding.ts'

/** `GRANT … WITH INHERIT FALSE, SET TRUE` came with it. */
const lowestVersion = 16
/** Seconds between the two clocks. Leases and purges go by the database's, caches and tokens by the functions'. */
const clockLimits = { warning: 1, failed: 30 }
/** The share of the server's connections that may be in use. */
const fullConnections = 0.8
/** MiB that a backend may hold for itself: it keeps what it learns of each tenant's relations until it ends. */
const largeBackend = 32

interface Server {
  readonly version: number
  readonly now: number
  readonly limit: number
  readonly used: number
  readonly here: number
  readonly on_this_machine: boolean
  readonly backends: readonly number[]
}

/**
 * What concerns a placement's server: version, clock, connections, and the memory of its backends. `needed` is what all
 * functions together may open to it, where that is known. Acts as the owner.
 */
export async function checkServer(
  client: pg.ClientBase,
  placement: string,
  needed = readEnvironment().CONNECTION_BUDGET[placement],
): Promise<Finding[]> {
  const asked = Date.now()
  const { rows } = await client.query<Server>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version,
       extract(epoch FROM clock_timestamp())::float8 AS now,
       ${connectionsForLogins} AS limit,
       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()) AS here,
       coalesce(host(inet_server_addr()) IN ('127.0.0.1', '::1'), true) AS on_this_machine,
       ARRAY(SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()) AS backends`,
  )
  const answered = Date.now()
  const server = onlyRow(rows)
  return [
    checkVersion(server, placement),
    checkClock(server.now - (asked + answered) / 2_000, placement),
    checkConnections(server, placement),
    checkBudget(server, needed, placement),
    await checkMemory(server, placement),
  ]
}

function checkVersion({ version }: Server, placement: string): Finding {
  const state = version >= lowestVersion ? 'ok' : 'failed'
  return { check: 'version', placement, state, detail: `PostgreSQL ${version}; ${lowestVersion} is needed` }
}

function checkClock(difference: number, placement: string): Finding {
  const apart = Math.abs(difference)
  const state = apart > clockLimits.failed ? 'failed' : apart > clockLimits.warning ? 'warning' : 'ok'
  return { check: 'clock', placement, state, detail: `${apart.toFixed(3)} s from the functions' clock` }
}

function checkConnections({ limit, used, here }: Server, placement: string): Finding {
  const state = used > limit * fullConnections ? 'warning' : 'ok'
  return {
    check: 'connections',
    placement,
    state,
    detail: `${used} of ${limit} of the server's in use, ${here} of them here`,
  }
}

function checkBudget({ limit }: Server, needed: number | undefined, placement: string): Finding {
  const about = { check: 'connection budget', placement }
  if (needed === undefined) {
    return { ...about, state: 'unknown', detail: 'no concurrency is reserved for the functions: any number may come' }
  }
  const shortage = describeShortage(limit, needed)
  if (shortage !== undefined) return { ...about, state: 'failed', detail: shortage }
  return { ...about, state: 'ok', detail: `the functions may open ${needed} of ${limit}` }
}

async function checkMemory({ on_this_machine, backends }: Server, placement: string): Promise<Finding> {
  const about = { check: 'memory', placement }
  const sizes = on_this_machine ? await Promise.all(backends.map(readOwnMemory)) : []
  const known = sizes.filter((size) => size !== undefined)
  if (known.length === 0) {
    return {
      ...about,
      state: 'unknown',
      detail: "the server is another machine's: see the processes of RDS Enhanced Monitoring",
    }
  }
  const largest = Math.max(...known)
  return {
    ...about,
    state: largest > largeBackend ? 'warning' : 'ok',
    detail: `${known.length} backends, the largest with ${largest.toFixed(1)} MiB of its own; ${largeBackend} are fine`,
  }
}

/** MiB of a process's anonymous memory: its RSS would count PostgreSQL's shared buffers to each backend anew. */
async function readOwnMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kibibytes = /^Name:\s+postgres$/m.test(status) ? /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] : undefined
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1_024
}

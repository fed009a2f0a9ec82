import pg from 'pg'
import { mostOtherPlacements } from '../connection-budget.ts'
import { AppError } from '../errors.ts'
import { log } from '../logger.ts'
import type { CredentialsReader, DatabaseCredentials } from './credentials.ts'
import { rowTypes } from './row-types.ts'
import { databaseErrorOf, refusedLoginStates, sqlState, sqlStateOf } from './sql-states.ts'

export interface Pools {
  /**
   * Runs `work` with a client of the placement's pool and gives the client back, or destroys it when it may be out of
   * step with the server. `work` may run a second time, on a new connection: a read whose connection broke, and a
   * write that found its session read-only, since then nothing was written. Throws `unavailable` when no connection
   * can be had or it is lost, and what `work` throws.
   */
  withClient<Result>(
    placement: string,
    access: Access,
    work: (client: pg.ClientBase) => Promise<Result>,
    /** The tenant's schema, for work in one: a backend keeps what it learns of each. */
    schema?: string,
  ): Promise<Result>
  /**
   * Runs `work` on a connection of its own, outside the pool and without pipelining, as COPY wants it, and closes it.
   * Throws as `withClient` does; `work` runs once.
   */
  withSession<Result>(placement: string, work: (client: pg.ClientBase) => Promise<Result>): Promise<Result>
  /** How many clients are out of their pools now. */
  checkedOut(): number
  end(): Promise<void>
}

export type Access = 'read' | 'write'

/** The connection, and not the statement, is what failed: nothing more can be asked of this client. */
class ConnectionBroken extends Error {
  override readonly name = 'ConnectionBroken'
  readonly mayRepeat: boolean

  constructor(cause: unknown, access: Access) {
    super('the database connection broke', { cause })
    this.mayRepeat = access === 'read' || sqlStateOf(cause) === sqlState.readOnlyTransaction
  }
}

/**
 * After how many tenants, or milliseconds, a connection is replaced. A backend remembers every relation it has touched
 * and gives the memory back by ending only (measured: 9 MB at 100 tenants, 23 to 52 at 1,000).
 */
export interface Recycling {
  readonly tenants: number
  readonly age: number
}

const defaultRecycling: Recycling = { tenants: 250, age: 15 * 60_000 }

export interface PoolsOptions {
  readonly credentials: CredentialsReader
  /** Connections to each placement. */
  readonly size?: number
  readonly recycling?: Recycling
}

/** What a connection has been through. */
interface History {
  readonly since: number
  readonly schemas: Set<string>
}

/** Milliseconds to wait for a connection. Lambda's HTTP API gives up after 30 s, a person long before. */
const connectTimeout = 5_000

/**
 * One pool a placement, opened on first use. `size` is the number of connections in each: one is enough on Lambda,
 * where an instance serves one event at a time, and connections are what is scarce.
 */
export function createPools(options: PoolsOptions): Pools {
  const recycling = options.recycling ?? defaultRecycling
  // In the order of their last use, the first opened apart: that is the catalog's.
  const open = new Map<string, pg.Pool>()
  let first: string | undefined
  const users = new WeakMap<pg.Pool, number>()
  const histories = new WeakMap<pg.ClientBase, History>()
  let out = 0

  const closeLeastRecent = (): void => {
    const others = [...open].filter(([name]) => name !== first)
    for (const [name, pool] of others.slice(0, Math.max(0, others.length - mostOtherPlacements))) {
      if ((users.get(pool) ?? 0) > 0) continue // closed when its last user is done
      open.delete(name)
      void pool.end()
    }
  }

  const use = (pool: pg.Pool, change: 1 | -1): void => {
    users.set(pool, (users.get(pool) ?? 0) + change)
    if (change === -1) closeLeastRecent()
  }

  /** Notes a use of a client, and says whether it was its last. */
  const isSpent = (client: pg.ClientBase, schema: string | undefined): boolean => {
    const history = histories.get(client) ?? { since: Date.now(), schemas: new Set() }
    histories.set(client, history)
    if (schema !== undefined) history.schemas.add(schema)
    return history.schemas.size >= recycling.tenants || Date.now() - history.since >= recycling.age
  }

  /** The placement's pool, with its caller counted among its users, so that nobody closes it meanwhile. */
  const poolOf = async (placement: string): Promise<pg.Pool> => {
    const existing = open.get(placement)
    if (existing !== undefined) {
      open.delete(placement)
      open.set(placement, existing)
      use(existing, 1)
      return existing
    }
    const credentials = await options.credentials.read(placement)
    const pool = open.get(placement) ?? createPool(credentials, options.size ?? 1)
    first ??= placement
    open.set(placement, pool)
    use(pool, 1)
    closeLeastRecent()
    return pool
  }

  const discard = (placement: string, pool: pg.Pool): void => {
    if (open.get(placement) !== pool) return
    open.delete(placement)
    options.credentials.forget(placement)
    void pool.end()
  }

  const connect = async (
    placement: string,
    mayRefresh: boolean,
  ): Promise<{ readonly pool: pg.Pool; readonly client: pg.PoolClient }> => {
    const pool = await poolOf(placement)
    try {
      return { pool, client: await pool.connect() }
    } catch (error) {
      use(pool, -1)
      if (refusedLoginStates.has(sqlStateOf(error) ?? '')) {
        // The secret was rotated since it was read: read it again, once.
        discard(placement, pool)
        if (mayRefresh) return connect(placement, false)
      }
      throw new AppError('unavailable', 'The database cannot be reached right now.', { cause: error })
    }
  }

  const attempt: Pools['withClient'] = async (placement, access, work, schema) => {
    const { pool, client } = await connect(placement, true)
    let broken: Error | undefined
    // Without a listener of its own a checked-out client whose socket dies ends the process.
    const onError = (error: Error) => {
      broken ??= error
    }
    client.on('error', onError)
    out += 1
    try {
      return await work(client)
    } catch (error) {
      broken ??= breakageIn(error, access)
      throw broken === undefined ? error : new ConnectionBroken(error, access)
    } finally {
      out -= 1
      // A transaction that is still open would swallow the next user's work.
      client.release(broken ?? (client.getTransactionStatus() !== 'I' || isSpent(client, schema)))
      client.removeListener('error', onError)
      use(pool, -1)
    }
  }

  return {
    async withClient(placement, access, work, schema) {
      try {
        return await attempt(placement, access, work, schema).catch((error) => {
          if (error instanceof ConnectionBroken && error.mayRepeat) return attempt(placement, access, work, schema)
          throw error
        })
      } catch (error) {
        if (!(error instanceof ConnectionBroken)) throw error
        throw new AppError('unavailable', 'The database connection was lost.', { cause: error.cause })
      }
    },
    async withSession(placement, work) {
      const client = new pg.Client({ ...configOf(await options.credentials.read(placement)), pipeline: false })
      // Its queries fail as well; this keeps the process from ending with the connection.
      client.on('error', () => undefined)
      await client.connect().catch((error) => {
        throw new AppError('unavailable', 'The database cannot be reached right now.', { cause: error })
      })
      try {
        return await work(client)
      } finally {
        await client.end()
      }
    },
    checkedOut: () => out,
    async end() {
      const pools = [...open.values()]
      open.clear()
      await Promise.all(pools.map((pool) => pool.end()))
    },
  }
}

function configOf(credentials: DatabaseCredentials): pg.ClientConfig {
  return {
    host: credentials.host,
    port: credentials.port,
    database: credentials.dbname,
    user: credentials.username,
    password: credentials.password,
    ssl: credentials.ssl ? { rejectUnauthorized: true } : false,
    types: rowTypes,
    pipeline: true,
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    application_name: 'atrium',
  }
}

function createPool(credentials: DatabaseCredentials, size: number): pg.Pool {
  const pool = new pg.Pool({
    ...configOf(credentials),
    max: size,
    idleTimeoutMillis: 0, // a frozen function runs no timers (node-postgres#2718)
  })
  // An idle connection that the server closed: the pool has dropped it already.
  pool.on('error', (error) => log.warn('idle database connection lost', { sqlState: sqlStateOf(error) }))
  return pool
}

/**
 * FATAL ends the session. 25006 on a write is a setting left on the session, or a writer that has become a reader; on
 * a read it is only a statement that should not have tried to write.
 */
function breakageIn(error: unknown, access: Access): Error | undefined {
  const cause = databaseErrorOf(error)
  if (cause === undefined) return undefined
  const ended = cause.severity === 'FATAL' || cause.severity === 'PANIC'
  return ended || (access === 'write' && cause.code === sqlState.readOnlyTransaction) ? cause : undefined
}

import pg from 'pg'
import { mostOtherPlacements } from '../connection-budget.ts'
import { type Deadline, Late, within } from '../deadline.ts'
import { AppError } from '../errors.ts'
import {
  type Access,
  breakageIn,
  ConnectionBroken,
  configOf,
  noticeTheDead,
  openPgPool,
  restless,
  takeLiving,
} from './connections.ts'
import type { CredentialsReader } from './credentials.ts'
import { refusedLoginStates, sqlStateOf } from './sql-states.ts'

export type { Access } from './connections.ts'

export interface Pools {
  /**
   * Runs `work` with a client of the placement's pool and gives the client back, or destroys it when it may be out of
   * step with the server. `work` may run a second time, on a new connection: a read whose connection broke, work that says
   * so, and a write that found its session read-only, since then nothing was written. Throws `unavailable` when no
   * connection can be had or it is lost, `timed_out` when the deadline comes first, and what `work` throws.
   */
  withClient<Result>(
    placement: string,
    access: Access,
    work: (client: pg.ClientBase) => Promise<Result>,
    use?: Use,
  ): Promise<Result>
  /**
   * Runs `work` on a connection of its own, outside the pool and without pipelining, as COPY wants it, and closes it.
   * Throws as `withClient` does; `work` runs once.
   */
  withSession<Result>(placement: string, work: (client: pg.ClientBase) => Promise<Result>): Promise<Result>
  /** Begins to read a placement's credentials, which its first connection will want. */
  prepare(placement: string): void
  /** How many clients are out of their pools now. */
  checkedOut(): number
  end(): Promise<void>
}

/** What a piece of work says of itself. */
export interface Use {
  /** The tenant's schema, for work in one: a backend keeps what it learns of each. */
  readonly schema?: string
  /** Then its connection is given up, with whatever is under way on it. */
  readonly deadline?: Deadline | undefined
  /** Whether doing it twice does no more than once, though it writes. */
  readonly isRepeatable?: boolean
}

/**
 * After how many tenants, or milliseconds, a connection is replaced. A backend remembers every relation it has touched and
 * gives the memory back by ending only (measured at 500 tenants: 14 MB with a table of each, 29 with all). What it has
 * forgotten it learns anew, and a read takes twice as long: so these are more than the 500 of a full placement.
 */
export interface Recycling {
  readonly tenants: number
  readonly age: number
}

const defaultRecycling: Recycling = { tenants: 600, age: 15 * 60_000 }

export interface PoolsOptions {
  readonly credentials: CredentialsReader
  /** Connections to each placement. */
  readonly size?: number
  readonly recycling?: Recycling
  /** Whether statements are named, as they may be where no pooler stands before the server; see `nameStatements`. */
  readonly named?: boolean
}

/** What a connection has been through. */
interface History {
  readonly since: number
  readonly schemas: Set<string>
}

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
  const lastUses = new WeakMap<pg.Pool, number>()
  /** Pools with a login that is good no more. Whoever waits in one is refused by the server, and tries again in the next. */
  const outdated = new Set<pg.Pool>()
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
    if (change === -1) lastUses.set(pool, Date.now())
    if (users.get(pool) === 0 && outdated.delete(pool)) void pool.end()
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
    const pool = open.get(placement) ?? openPgPool(credentials, options.size ?? 1, options.named)
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
    // Ended with its last user: pg would let those who wait in it time out.
    outdated.add(pool)
  }

  const connect = async (
    placement: string,
    mayRefresh: boolean,
  ): Promise<{ readonly pool: pg.Pool; readonly client: pg.PoolClient }> => {
    const pool = await poolOf(placement)
    if (Date.now() - (lastUses.get(pool) ?? Date.now()) > restless) await noticeTheDead()
    try {
      return { pool, client: await takeLiving(pool) }
    } catch (error) {
      const isRefused = refusedLoginStates.has(sqlStateOf(error) ?? '')
      // The secret was rotated since it was read: read it again, once.
      if (isRefused) discard(placement, pool)
      use(pool, -1)
      if (isRefused && mayRefresh) return connect(placement, false)
      throw new AppError('unavailable', 'The database cannot be reached right now.', { cause: error })
    }
  }

  const acquire = async (placement: string, deadline: Deadline | undefined) => {
    const connecting = connect(placement, true)
    try {
      return await within(deadline, connecting)
    } catch (error) {
      if (error instanceof Late) {
        // It comes too late for this one, and in time for the next.
        const giveBack = ({ pool, client }: Awaited<typeof connecting>) => {
          client.release()
          use(pool, -1)
        }
        connecting.then(giveBack, () => undefined)
      }
      throw error
    }
  }

  const attempt: Pools['withClient'] = async (placement, access, work, { schema, deadline, isRepeatable } = {}) => {
    const { pool, client } = await acquire(placement, deadline)
    let broken: Error | undefined
    // Without a listener of its own a checked-out client whose socket dies ends the process.
    const onError = (error: Error) => {
      broken ??= error
    }
    client.on('error', onError)
    out += 1
    try {
      return await within(deadline, work(client))
    } catch (error) {
      if (error instanceof Late) {
        broken ??= error
        // In pipeline mode pg's own end() would wait for what is under way.
        client.connection.stream.destroy()
        throw error
      }
      broken ??= breakageIn(error, access)
      throw broken === undefined ? error : new ConnectionBroken(error, access === 'read' || isRepeatable === true)
    } finally {
      out -= 1
      // A transaction that is still open would swallow the next user's work.
      client.release(broken ?? (client.getTransactionStatus() !== 'I' || isSpent(client, schema)))
      client.removeListener('error', onError)
      use(pool, -1)
    }
  }

  return {
    async withClient(placement, access, work, use) {
      try {
        return await attempt(placement, access, work, use).catch((error) => {
          if (error instanceof ConnectionBroken && error.mayRepeat) return attempt(placement, access, work, use)
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
    prepare: (placement) => void options.credentials.read(placement).catch(() => undefined),
    checkedOut: () => out,
    async end() {
      const pools = [...open.values(), ...outdated]
      outdated.clear()
      open.clear()
      await Promise.all(pools.map((pool) => pool.end()))
    },
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import pg from 'pg'
import { log } from '../logger.ts'
import type { DatabaseCredentials } from './credentials.ts'
import { nameStatements } from './prefaced-statement.ts'
import { rowTypes } from './row-types.ts'
import { databaseErrorOf, sqlState, sqlStateOf } from './sql-states.ts'

// Members of pg 8.23's Client that @types/pg does not declare.
declare module 'pg' {
  interface ClientBase {
    readonly connection: pg.Connection
    /** False once its connection has failed. */
    readonly _queryable: boolean
  }
}

export type Access = 'read' | 'write'

/** The connection, and not the statement, is what failed: nothing more can be asked of this client. */
export class ConnectionBroken extends Error {
  override readonly name = 'ConnectionBroken'
  readonly mayRepeat: boolean

  constructor(cause: unknown, mayRepeat: boolean) {
    super('the database connection broke', { cause })
    this.mayRepeat = mayRepeat || sqlStateOf(cause) === sqlState.readOnlyTransaction
  }
}

/**
 * Milliseconds of rest after which a connection may have died unseen: what the network told a frozen function is still to be
 * read. Two turns of the event loop read it, one for the end and one for the socket's closing, and the pool drops the dead.
 */
export const restless = 500

/** Lets the pool hear what the network has said of its connections. */
export async function noticeTheDead(): Promise<void> {
  await nextTurn()
  await nextTurn()
}

/** A client that can be asked something. One that died between its last use and now has been sent nothing: the next one is taken. */
export async function takeLiving(pool: pg.Pool): Promise<pg.PoolClient> {
  for (let left = 3; ; left -= 1) {
    const client = await pool.connect()
    if (client._queryable || left === 0) return client
    client.release(true)
  }
}

/** Milliseconds to wait for a connection. Lambda's HTTP API gives up after 30 s, a person long before. */
const connectTimeout = 5_000

/** How to connect with a login. */
export function configOf(credentials: DatabaseCredentials): pg.ClientConfig {
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

/** A pool of pg's own, each statement named if `named`. What is said on its clients when nobody listens ends no process. */
export function openPgPool(credentials: DatabaseCredentials, size: number, named = false): pg.Pool {
  const pool = new pg.Pool({
    ...configOf(credentials),
    max: size,
    idleTimeoutMillis: 0, // a frozen function runs no timers (node-postgres#2718)
  })
  // What the server says in the moment of a checkout, in one piece with its greeting, nobody listens to yet: it would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    if (named) nameStatements(client)
  })
  // An idle connection that the server closed: the pool has dropped it already. One that is being ended may be closed by both sides.
  pool.on('error', (error) => {
    if (!pool.ending) log.warn('idle database connection lost', { sqlState: sqlStateOf(error) })
  })
  return pool
}

/**
 * FATAL ends the session. 25006 on a write is a setting left on the session, or a writer that has become a reader; on
 * a read it is only a statement that should not have tried to write.
 */
export function breakageIn(error: unknown, access: Access): Error | undefined {
  const cause = databaseErrorOf(error)
  if (cause === undefined) return undefined
  const ended = cause.severity === 'FATAL' || cause.severity === 'PANIC'
  return ended || (access === 'write' && cause.code === sqlState.readOnlyTransaction) ? cause : undefined
}

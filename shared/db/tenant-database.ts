import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Deadline, timeLeft } from '../deadline.ts'
import { AppError } from '../errors.ts'
import { type Notes, sendNotes } from './notes.ts'
import type { Access, Pools } from './pools.ts'
import { queryPrefaced, type Statement } from './prefaced-statement.ts'
import { type Refusals, refuse } from './refusals.ts'
import { rolledBackStates, sqlStateOf } from './sql-states.ts'
import type { TenantRef } from './tenant-ref.ts'

/**
 * Statements in a tenant's schema, tables named without it. Ids and money come as decimal strings, times as RFC 3339.
 * Throws the AppError that `refusals` names, `unavailable`, `timed_out`, or `internal`.
 */
export interface TenantStatements {
  read<Row>(text: string, values: readonly unknown[], refusals?: Refusals): Promise<Row[]>
  write<Row>(text: string, values: readonly unknown[], refusals?: Refusals): Promise<Row[]>
}

/** Limits of each statement, in milliseconds, kept by the server: a client-side one leaves the client out of step. */
export interface StatementLimits {
  readonly statementTimeout: number
  readonly lockTimeout: number
}

export interface TransactionOptions extends Partial<StatementLimits> {
  readonly readOnly?: boolean
}

/** A tenant's database: each statement alone in a transaction of its own, or several in one. */
export interface TenantDatabase extends TenantStatements {
  /** See {@link withTenantTransaction}. */
  withTransaction<Result>(
    options: TransactionOptions,
    work: (statements: TenantStatements) => Promise<Result>,
  ): Promise<Result>
}

const defaultLimits: StatementLimits = { statementTimeout: 10_000, lockTimeout: 1_000 }

/** No statement goes on at the server for longer than its request does here, or than its tenant's plan allows. */
function limitsBy({ deadline, statementTimeout }: Terms, asked: Partial<StatementLimits> = {}): StatementLimits {
  const wanted = asked.statementTimeout ?? statementTimeout ?? defaultLimits.statementTimeout
  const left = deadline === undefined ? wanted : timeLeft(deadline)
  return {
    lockTimeout: asked.lockTimeout ?? defaultLimits.lockTimeout,
    // 0 would be no limit at all.
    statementTimeout: Math.max(1, Math.floor(Math.min(wanted, statementTimeout ?? wanted, left))),
  }
}

function enter(tenant: TenantRef, access: Access, limits: StatementLimits): Statement {
  return {
    text: 'SELECT FROM atrium.enter($1, $2, $3, $4)',
    values: [tenant.schema, access === 'read', limits.statementTimeout, limits.lockTimeout],
  }
}

/** What a request says of the work that is done for it. */
export interface Terms {
  readonly notes?: Notes
  readonly deadline?: Deadline
  /** Milliseconds that a statement may take at most, where it is not 10 s. */
  readonly statementTimeout?: number
  /** Whether its writes, sent twice, do no more than once: it has an idempotency key. */
  readonly isRepeatable?: boolean
  /** Told of the milliseconds that each piece of work took in the database, its way there and the wait for a connection. */
  onSpent?(milliseconds: number): void
  /** Told of the rows that each statement read or wrote. */
  onRows?(rows: number): void
}

/**
 * Binds the pools to one tenant. A statement sent through `read` or `write` costs one round trip: it enters the tenant
 * and does its work in one implicit transaction, under one Sync. What the server has rolled back for the sake of another
 * transaction (a deadlock) is done again, twice at most.
 */
export function openTenantDatabase(pools: Pools, tenant: TenantRef, terms: Terms = {}): TenantDatabase {
  const { notes, deadline, isRepeatable = false, onSpent, onRows } = terms
  const use = { schema: tenant.schema, deadline, isRepeatable }

  const run =
    (access: Access): TenantStatements['read'] =>
    async <Row>(text: string, values: readonly unknown[], refusals?: Refusals) => {
      const ask = async (client: pg.ClientBase) => {
        const preface = enter(tenant, access, limitsBy(terms))
        const work = queryPrefaced(client, preface, { text, values }).catch((error) => refuse(error, refusals))
        work.catch(() => undefined) // awaited below, once what goes along is written
        await sendNotes(client, notes)
        return work
      }
      const result = await measured(
        onSpent,
        unlessRolledBack(() => pools.withClient(tenant.placement, access, ask, use)),
      )
      onRows?.(result.rowCount ?? 0)
      return result.rows as Row[]
    }

  return {
    read: run('read'),
    write: run('write'),
    withTransaction: (options, work) => withTenantTransaction(pools, tenant, options, work, terms),
  }
}

async function measured<Result>(onSpent: Terms['onSpent'], work: Promise<Result>): Promise<Result> {
  const begun = performance.now()
  try {
    return await work
  } finally {
    onSpent?.(performance.now() - begun)
  }
}

async function unlessRolledBack<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = 2; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left === 0 || !rolledBackStates.has(sqlStateOf(error) ?? '')) throw error
      // Whoever was rolled back for each other part by chance.
      await sleep(Math.random() * 20)
    }
  }
}

/**
 * Runs `work` in one transaction in the tenant's schema and commits, or rolls back when it throws. BEGIN, the entering
 * and the first statement share a flight, so a transaction costs one round trip for each answer that `work` waits for,
 * and one for COMMIT. Throws `internal` when `work` caught a failed statement's error and went on: the server then
 * answers COMMIT with ROLLBACK.
 */
export function withTenantTransaction<Result>(
  pools: Pools,
  tenant: TenantRef,
  options: TransactionOptions,
  work: (statements: TenantStatements) => Promise<Result>,
  terms: Terms = {},
): Promise<Result> {
  const { notes, deadline, isRepeatable = false, onSpent, onRows } = terms
  const { readOnly = false, ...limits } = options
  const access = readOnly ? 'read' : 'write'

  const transact = async (client: pg.ClientBase): Promise<Result> => {
    const preface = enter(tenant, access, limitsBy(terms, limits))
    const opened = Promise.all([
      client.query('BEGIN ISOLATION LEVEL READ COMMITTED'),
      client.query(preface.text, [...preface.values]),
    ])
    opened.catch(() => undefined) // awaited below; until then a refusal is not an unhandled one
    let rows = 0
    const transaction = statementsOn(client, (more) => {
      rows += more
    })
    try {
      const result = await work(transaction).finally(transaction.close)
      await opened
      await Promise.all([commit(client), sendNotes(client, notes)])
      onRows?.(rows)
      return result
    } catch (error) {
      // What kept the transaction from opening is why the statements behind it failed.
      const reason = await opened.then(
        () => error,
        (refusal) => refusal,
      )
      await client.query('ROLLBACK').catch(() => undefined)
      return refuse(reason)
    }
  }
  const use = { schema: tenant.schema, deadline, isRepeatable }
  return measured(
    onSpent,
    unlessRolledBack(() => pools.withClient(tenant.placement, access, transact, use)),
  )
}

/** `close` keeps a statement that `work` forgot to wait for from running in the next user's transaction. */
function statementsOn(client: pg.ClientBase, onRows: (rows: number) => void): TenantStatements & { close(): void } {
  let closed = false
  const run = async <Row>(text: string, values: readonly unknown[], refusals?: Refusals) => {
    if (closed) throw new Error('the tenant transaction has ended')
    const result = await client.query({ text, values: [...values] }).catch((error) => refuse(error, refusals))
    onRows(result.rowCount ?? 0)
    return result.rows as Row[]
  }
  return {
    read: run,
    write: run,
    close() {
      closed = true
    },
  }
}

async function commit(client: pg.ClientBase): Promise<void> {
  const { command } = await client.query('COMMIT')
  if (command !== 'COMMIT') {
    throw new AppError('internal', 'The change was rolled back.', {
      cause: new Error(`COMMIT was answered with ${command}: an error inside the transaction was swallowed`),
    })
  }
}

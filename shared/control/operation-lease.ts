import type pg from 'pg'
import { boundPools } from '../db/bounded-pools.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { OperationTools } from './operation.ts'

/** A claimed operation: nobody else works on it while the lease lasts. */
export interface Claim {
  readonly id: string
  readonly kind: string
  readonly input: unknown
  readonly position: unknown
  readonly attempts: number
  readonly cancel_requested: boolean
  /** Set once it has failed: then it is only undone. */
  readonly problem: unknown
}

/** Takes the first operation that nobody works on, for `lease` milliseconds. */
export async function claimNext(
  { pools, catalog }: ControlPlane,
  token: string,
  lease: number,
): Promise<Claim | undefined> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<Claim>(
      `UPDATE catalog.operations SET state = 'running', lease = $1, attempts = attempts + 1,
         leased_until = clock_timestamp() + $2 * interval '1 ms'
       WHERE id = (
         SELECT id FROM catalog.operations
         WHERE finished_at IS NULL AND not_before <= clock_timestamp()
           AND (leased_until IS NULL OR leased_until < clock_timestamp())
         ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED
       ) RETURNING id, kind, input, position, attempts, cancel_requested, problem`,
      [token, lease],
    ),
  )
  return rows[0]
}

/**
 * Keeps the lease for as long again. Gives up after a quarter of it, before a heart that beats each third tries again: that
 * one may have a connection that answers.
 */
export async function renew({ pools, catalog }: ControlPlane, id: string, token: string, lease: number): Promise<void> {
  const bounded = boundPools(pools, performance.now() + lease / 4)
  await withOwnerTransaction(bounded, catalog, (client) =>
    client.query(
      `UPDATE catalog.operations SET leased_until = clock_timestamp() + $3 * interval '1 ms'
       WHERE id = $1 AND lease = $2 AND finished_at IS NULL`,
      [id, token, lease],
    ),
  )
}

interface Saved {
  readonly position?: unknown
  readonly done?: number
  readonly total?: number | null
  readonly result?: unknown
  readonly problem?: unknown
}

/** Writes down where the operation stands, and answers whether it is to go on, by this worker. */
export async function save(
  { pools, catalog }: ControlPlane,
  id: string,
  token: string,
  lease: number,
  { position, done, total }: Saved,
): Promise<'go on' | 'cancel' | 'lost'> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ cancel_requested: boolean }>(
      `UPDATE catalog.operations SET position = $3, done = $4, total = $5, attempts = 0,
         leased_until = clock_timestamp() + $6 * interval '1 ms'
       WHERE id = $1 AND lease = $2 AND finished_at IS NULL RETURNING cancel_requested`,
      [id, token, JSON.stringify(position), done, total, lease],
    ),
  )
  if (rows[0] === undefined) return 'lost'
  return rows[0].cancel_requested ? 'cancel' : 'go on'
}

/** Ends the operation, unless its lease has passed to another worker. */
export async function end(
  { pools, catalog }: ControlPlane,
  id: string,
  token: string,
  state: 'succeeded' | 'failed' | 'cancelled',
  { position, done, total, result, problem }: Saved,
): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query(
      `UPDATE catalog.operations SET state = $3, finished_at = now(), lease = NULL, leased_until = NULL,
         position = coalesce($4, position), done = coalesce($5, done), total = coalesce($6, total),
         result = $7, problem = $8
       WHERE id = $1 AND lease = $2 AND finished_at IS NULL`,
      [id, token, state, toJson(position), done ?? null, total ?? null, toJson(result), toJson(problem)],
    ),
  )
}

function toJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** Gives the lease back, so that the next slice need not wait for it to run out. */
export async function release({ pools, catalog }: ControlPlane, id: string, token: string, delay = 0): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query(
      `UPDATE catalog.operations SET lease = NULL, leased_until = NULL,
         not_before = clock_timestamp() + $3 * interval '1 ms'
       WHERE id = $1 AND lease = $2 AND finished_at IS NULL`,
      [id, token, delay],
    ),
  )
}

/**
 * Throws `unavailable` where the lease has passed to another worker. It does not pass before the transaction ends, since
 * who claims an operation takes it FOR UPDATE, and passes over one that is locked.
 */
export async function requireLease(client: pg.ClientBase, { id, lease }: OperationTools): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM catalog.operations WHERE id = $1 AND lease = $2 AND finished_at IS NULL FOR KEY SHARE',
    [id, lease],
  )
  if (rowCount === 0) throw new AppError('unavailable', 'Another worker goes on with this operation.')
}

/** The same by itself: what follows is not kept from who claims the operation then. */
export async function checkLease({ pools, catalog }: ControlPlane, worker: OperationTools): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) => requireLease(client, worker))
}

/**
 * Keeps what an operation has failed of. Answers whether the lease is still held; a worker that has lost it undoes nothing of
 * what another goes on with.
 */
export async function keepProblem(
  { pools, catalog }: ControlPlane,
  id: string,
  token: string,
  problem: unknown,
): Promise<boolean> {
  const { rowCount } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query(
      `UPDATE catalog.operations SET problem = coalesce($3, problem)
       WHERE id = $1 AND lease = $2 AND finished_at IS NULL`,
      [id, token, toJson(problem)],
    ),
  )
  return rowCount === 1
}

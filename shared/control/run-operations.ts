import { randomUUID } from 'node:crypto'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import { describeError, log } from '../logger.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { OperationKind } from './operation.ts'

/** A claimed operation: nobody else works on it while the lease lasts. */
interface Claim {
  readonly id: string
  readonly kind: string
  readonly input: unknown
  readonly position: unknown
  readonly attempts: number
  readonly cancel_requested: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: kinds differ in input and position; each checks its own by its schemas
export type OperationKinds = ReadonlyMap<string, OperationKind<any, any>>

export interface SliceOptions {
  /** Milliseconds since 1970 after which no further step is begun. */
  readonly deadline: number
  /** Milliseconds after which a worker that says nothing is taken for dead. */
  readonly lease?: number
}

/** What a slice found: nothing to do, an operation that is to go on, or one that has ended. */
export type SliceOutcome = 'idle' | 'unfinished' | 'finished'

/** What may be otherwise the next time: a busy server ends a statement at its limit too. */
const passing: ReadonlySet<ErrorCode> = new Set(['unavailable', 'timed_out', 'internal'])

const defaultLease = 30_000
const mostAttempts = 8

/**
 * Works on the first operation that nobody works on, step by step until it ends or the deadline comes. Any number of
 * workers may call this at once. A worker whose lease has passed to another notices at its next step and leaves.
 */
export async function runSlice(
  control: ControlPlane,
  kinds: OperationKinds,
  { deadline, lease = defaultLease }: SliceOptions,
): Promise<SliceOutcome> {
  const token = randomUUID()
  const claim = await claimNext(control, token, lease)
  if (claim === undefined) return 'idle'
  const heart = setInterval(() => void renew(control, claim.id, token, lease).catch(() => undefined), lease / 3)
  try {
    return await work(control, kinds, claim, { token, lease, deadline })
  } finally {
    clearInterval(heart)
  }
}

async function work(
  control: ControlPlane,
  kinds: OperationKinds,
  claim: Claim,
  { token, lease, deadline }: { token: string; lease: number; deadline: number },
): Promise<SliceOutcome> {
  const kind = kinds.get(claim.kind)
  if (kind === undefined) {
    await end(control, claim.id, token, 'failed', { problem: { code: 'internal', detail: 'no such kind' } })
    return 'finished'
  }
  let { position, attempts } = claim
  const input = kind.input.parse(claim.input)
  const undo = () => kind.abandon?.(control, input, kind.position.parse(position))
  const mayStop = () => !(kind.isPastReturn?.(kind.position.parse(position)) ?? false)

  // A step that its worker never came back from was cut off or ran out of memory: it is not begun for ever.
  if (mayStop() && (attempts > mostAttempts || (claim.cancel_requested && kind.cancellable))) {
    return stop(
      control,
      claim.id,
      token,
      undo,
      attempts > mostAttempts ? { state: 'failed', problem: exhausted } : { state: 'cancelled' },
    )
  }
  do {
    try {
      const step = await kind.step(control, input, kind.position.parse(position), { id: claim.id, deadline })
      position = step.position
      attempts = 0
      if ('result' in step) {
        await end(control, claim.id, token, 'succeeded', step)
        return 'finished'
      }
      const asked = await save(control, claim.id, token, lease, step)
      if (asked === 'lost') return 'unfinished'
      if (asked === 'cancel' && kind.cancellable && mayStop()) {
        return stop(control, claim.id, token, undo, { state: 'cancelled' })
      }
      if (step.wait !== undefined) {
        await release(control, claim.id, token, step.wait)
        return 'unfinished'
      }
    } catch (error) {
      const refusal = error instanceof AppError && !passing.has(error.code)
      log.warn('operation step failed', { operation: claim.id, kind: kind.kind, attempts, error: describeError(error) })
      if (mayStop() && (refusal || attempts >= mostAttempts)) {
        const problem = error instanceof AppError ? { code: error.code, detail: error.message } : exhausted
        return stop(control, claim.id, token, undo, { state: 'failed', problem })
      }
      await release(control, claim.id, token, 100 * 2 ** Math.min(attempts, mostAttempts))
      return 'unfinished'
    }
  } while (Date.now() < deadline)
  await release(control, claim.id, token)
  return 'unfinished'
}

async function claimNext({ pools, catalog }: ControlPlane, token: string, lease: number): Promise<Claim | undefined> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<Claim>(
      `UPDATE catalog.operations SET state = 'running', lease = $1, attempts = attempts + 1,
         leased_until = clock_timestamp() + $2 * interval '1 ms'
       WHERE id = (
         SELECT id FROM catalog.operations
         WHERE finished_at IS NULL AND not_before <= clock_timestamp()
           AND (leased_until IS NULL OR leased_until < clock_timestamp())
         ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED
       ) RETURNING id, kind, input, position, attempts, cancel_requested`,
      [token, lease],
    ),
  )
  return rows[0]
}

async function renew({ pools, catalog }: ControlPlane, id: string, token: string, lease: number): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
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

async function save(
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

async function end(
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
async function release({ pools, catalog }: ControlPlane, id: string, token: string, delay = 0): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query(
      `UPDATE catalog.operations SET lease = NULL, leased_until = NULL,
         not_before = clock_timestamp() + $3 * interval '1 ms'
       WHERE id = $1 AND lease = $2 AND finished_at IS NULL`,
      [id, token, delay],
    ),
  )
}

const exhausted = { code: 'internal', detail: 'A step failed again and again; the log has its cause.' }

/** Undoes what was begun and ends the operation. When undoing fails, the next slice tries it again. */
async function stop(
  control: ControlPlane,
  id: string,
  token: string,
  undo: () => Promise<void> | undefined,
  { state, problem }: { readonly state: 'failed' | 'cancelled'; readonly problem?: unknown },
): Promise<SliceOutcome> {
  try {
    await undo()
  } catch (failure) {
    log.error('operation could not be undone, and is tried again', { operation: id, error: describeError(failure) })
    await release(control, id, token, 1_000)
    return 'unfinished'
  }
  await end(control, id, token, state, { problem })
  return 'finished'
}

import { randomUUID } from 'node:crypto'
import { AppError, type ErrorCode } from '../errors.ts'
import { describeError, log } from '../logger.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { OperationKind } from './operation.ts'
import { type Claim, claimNext, end, keepProblem, release, renew, save } from './operation-lease.ts'

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
  let beat: Promise<void> | undefined
  const heart = setInterval(() => {
    beat ??= renew(control, claim.id, token, lease)
      .catch(() => undefined)
      .finally(() => {
        beat = undefined
      })
  }, lease / 3)
  try {
    return await work(control, kinds, claim, { token, lease, deadline })
  } finally {
    clearInterval(heart)
    // Nothing is under way when the function is frozen.
    await beat
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

  if (claim.problem !== null) return stop(control, claim.id, token, undo, { state: 'failed', problem: claim.problem })
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
  const tools = { id: claim.id, lease: token, deadline }
  do {
    try {
      const step = await kind.step(control, input, kind.position.parse(position), tools)
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

const exhausted = { code: 'internal', detail: 'A step failed again and again; the log has its cause.' }

/**
 * Undoes what was begun and ends the operation. What it failed of is kept first: when undoing fails or its worker dies, the
 * next slice goes on undoing, and takes no further step from something half undone.
 */
async function stop(
  control: ControlPlane,
  id: string,
  token: string,
  undo: () => Promise<void> | undefined,
  { state, problem }: { readonly state: 'failed' | 'cancelled'; readonly problem?: unknown },
): Promise<SliceOutcome> {
  if (!(await keepProblem(control, id, token, problem))) return 'unfinished'
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

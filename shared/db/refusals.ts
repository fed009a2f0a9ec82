import { AppError, type ErrorCode } from '../errors.ts'
import { databaseErrorOf, sqlState, transientStates, unstorableValueStates } from './sql-states.ts'

/** What a statement's SQLSTATEs mean to the caller, by SQLSTATE: `{ '23503': { code: …, detail: … } }`. */
export type Refusals = Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>>

/** Rethrows what the server answered with as an AppError that keeps it as its cause; anything else as it is. */
export function refuse(error: unknown, refusals: Refusals = {}): never {
  const state = error instanceof AppError ? undefined : databaseErrorOf(error)?.code
  if (state === undefined) throw error
  const refusal = refusals[state]
  if (refusal !== undefined) throw new AppError(refusal.code, refusal.detail, { cause: error })
  if (transientStates.has(state)) {
    throw new AppError('unavailable', 'The database is busy or restarting.', { cause: error })
  }
  if (unstorableValueStates.has(state)) {
    throw new AppError('invalid_request', 'A value of the request cannot be stored.', { cause: error })
  }
  if (state === sqlState.uniqueViolation || state === sqlState.foreignKeyViolation) {
    throw new AppError('conflict', 'The change contradicts what is stored.', { cause: error })
  }
  if (state === sqlState.queryCanceled) {
    throw new AppError('timed_out', 'The request took too long in the database.', { cause: error })
  }
  throw new AppError('internal', 'The request could not be carried out.', { cause: error })
}

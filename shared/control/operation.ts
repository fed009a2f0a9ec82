import type * as z from 'zod'
import type { ErrorCode } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'

export type OperationState = 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** What outlasts a request, as operators see it. */
export interface Operation {
  readonly id: string
  readonly kind: string
  readonly state: OperationState
  /** The slug of the tenant that it works on alone. */
  readonly tenant: string | null
  readonly input: unknown
  readonly progress: { readonly done: number; readonly total: number | null }
  readonly result: unknown
  readonly problem: { readonly code: ErrorCode; readonly detail: string } | null
  readonly started_by: string
  readonly created_at: string
  readonly finished_at: string | null
}

/** Where an operation stands after a step. */
export interface Step<Position> {
  readonly position: Position
  readonly done: number
  readonly total: number | null
  /** Milliseconds until the next step: what it waits for takes time. */
  readonly wait?: number
  /** Set by the last step. */
  readonly result?: unknown
}

/**
 * A kind of operation: a sequence of steps, each short beside a Lambda's time and safe to be done again, since a worker
 * may die between doing one and saying so. A step throws an AppError to end the operation as failed; `unavailable`,
 * `timed_out`, `internal` and whatever is no AppError are tried again.
 */
export interface OperationKind<Input, Position> {
  readonly kind: string
  readonly input: z.ZodType<Input>
  readonly position: z.ZodType<Position>
  readonly start: Position
  /** Whether it may be ended between two steps, leaving everything whole. */
  readonly cancellable: boolean
  /** Whether what was done can no longer be undone, and has to be finished. */
  isPastReturn?(position: Position): boolean
  /** Undoes what a failed or cancelled operation has begun; to be done again when it fails itself. */
  abandon?(control: ControlPlane, input: Input, position: Position): Promise<void>
  step(control: ControlPlane, input: Input, position: Position, operation: OperationTools): Promise<Step<Position>>
}

export interface OperationTools {
  readonly id: string
  /** Of the worker: who no longer holds it leaves the operation's row, and what it works on, alone (`requireLease`). */
  readonly lease: string
  /** Milliseconds since 1970 by which a step that can be cut short should return. */
  readonly deadline: number
}

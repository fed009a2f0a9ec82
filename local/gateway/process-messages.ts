/** What the gateway and a function's process tell one another, over the IPC channel. */
import type { ChildProcess } from 'node:child_process'
import { on } from 'node:events'

/** To the process: an event. It begins one after the other, in the order in which they come. */
export interface Invocation {
  readonly event: unknown
  readonly requestId: string
  /** Milliseconds from its beginning on after which the invocation is cut off. */
  readonly timeout: number
}

/** As Lambda reports an error that the function threw. */
export interface FunctionError {
  readonly errorType: string
  readonly errorMessage: string
  readonly trace: readonly string[]
}

/** What an invocation took, as Lambda's REPORT line tells it. */
export interface Measured {
  /** From the start of the process until its code was loaded; of the first invocation only. */
  readonly initMilliseconds?: number
  readonly milliseconds: number
  /** The most that the process has held so far (RSS). */
  readonly memoryMiB: number
}

export type Outcome = { readonly result: unknown } | { readonly error: FunctionError }

/** From the process, before it begins the next event: whatever has not been answered when it dies has not begun, but for the first. */
export interface Answer {
  readonly requestId: string
  readonly outcome: Outcome
  readonly measured: Measured
}

/**
 * From the process: the event under way waits for something, such as a slow statement, and these, which it has not begun, are for
 * another process. It does not begin them.
 */
export interface Waiting {
  readonly givenBack: readonly string[]
}

/** The process's next answer. */
export async function nextAnswer(child: ChildProcess): Promise<Answer> {
  for await (const [message] of on(child, 'message', { close: ['close'] }) as AsyncIterable<[Answer | Waiting]>) {
    if ('outcome' in message) return message
  }
  throw new Error("the function's process has ended")
}

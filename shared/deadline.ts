import { AppError } from './errors.ts'

/** When something has to be answered, in milliseconds on the clock of `performance.now()`. */
export type Deadline = number

/** Milliseconds that are kept for the answer itself: the problem document, its log line, and Lambda's own way back. */
const answering = 500

/** The deadline of a request whose function is cut off in `remaining` milliseconds. */
export function deadlineOf(remaining: number): Deadline {
  return performance.now() + Math.max(0, remaining - answering)
}

/** Milliseconds left, 0 at least. */
export function timeLeft(deadline: Deadline): number {
  return Math.max(0, deadline - performance.now())
}

/** The work was given up, though it may still be going on. */
export class Late extends AppError {
  constructor() {
    super('timed_out', 'The request took too long.')
  }
}

interface Waiting {
  readonly deadline: Deadline
  giveUp(): void
}

/** Whoever waits for work now. */
const waiting = new Set<Waiting>()

/**
 * One timer for all who wait, set for the first deadline and left running when its work is done in time, as almost all is: a
 * timer for each of the five waits of a request took a fourteenth of its own CPU, and this takes half of that (bench/profile.md). It
 * keeps no process alive.
 */
let alarm: { readonly at: Deadline; readonly timer: NodeJS.Timeout } | undefined

function setAlarm(at: Deadline): void {
  if (alarm !== undefined && alarm.at <= at) return
  clearTimeout(alarm?.timer)
  alarm = { at, timer: setTimeout(ring, timeLeft(at)).unref() }
}

function ring(): void {
  alarm = undefined
  const now = performance.now()
  for (const each of waiting) {
    if (each.deadline <= now) each.giveUp()
    else setAlarm(each.deadline)
  }
}

/** Waits for work until the deadline, then throws {@link Late}. Without one it just waits. */
export function within<Result>(deadline: Deadline | undefined, work: Promise<Result>): Promise<Result> {
  if (deadline === undefined) return work
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const wait: Waiting = {
    deadline,
    giveUp() {
      waiting.delete(wait)
      reject(new Late())
    },
  }
  waiting.add(wait)
  setAlarm(deadline)
  // When it ends after it was given up, nobody hears of it.
  work.then(
    (result) => {
      waiting.delete(wait)
      resolve(result)
    },
    (error) => {
      waiting.delete(wait)
      reject(error)
    },
  )
  return promise
}

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

/** Waits for work until the deadline, then throws {@link Late}. Without one it just waits. */
export async function within<Result>(deadline: Deadline | undefined, work: Promise<Result>): Promise<Result> {
  if (deadline === undefined) return work
  work.catch(() => undefined) // it may fail when nobody waits any more
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late()), timeLeft(deadline))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

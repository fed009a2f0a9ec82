import type { components } from './api-types.ts'

export type Problem = components['schemas']['Problem']

/** An answer that is no success. Its message says what was asked, the status, and what the API said of it. */
export class AnswerError extends Error {
  override readonly name: string = 'AnswerError'
  readonly status: number

  constructor(asked: string, status: number, detail: string) {
    super(`${asked} was answered ${status}: ${detail}`)
    this.status = status
  }
}

/** The API's own refusal. `problem.type` tells which, typed, so that a comparison with none of them does not compile. */
export class ProblemError extends AnswerError {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(asked: string, problem: Problem) {
    super(asked, problem.status, problem.detail)
    this.problem = problem
  }
}

/** The error of an answer, by its body: a problem document, or what something before the API says by itself. */
export async function errorOf(asked: string, response: Response): Promise<AnswerError> {
  const text = await response.text()
  const problem = readProblem(text)
  if (problem !== undefined && problem.status === response.status) return new ProblemError(asked, problem)
  return new AnswerError(asked, response.status, text.slice(0, 200) || 'no body')
}

/** A problem document of the API's; undefined for anything else, such as a proxy's own. */
function readProblem(text: string): Problem | undefined {
  try {
    const read: Partial<Problem> | null = JSON.parse(text)
    const isOurs = typeof read?.type === 'string' && read.type.startsWith('/docs/problems#')
    return isOurs && typeof read.status === 'number' && typeof read.detail === 'string' ? (read as Problem) : undefined
  } catch {
    return undefined
  }
}

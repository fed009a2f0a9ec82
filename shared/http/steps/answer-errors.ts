import { problemKinds, toAppError, toProblem } from '../problems.ts'
import type { Step } from '../request-state.ts'
import { secureTransport } from '../secure-transport.ts'

/** Turns whatever was thrown into a problem document. */
export function answerErrors(): Step {
  return {
    onError(request) {
      const error = toAppError(request.error)
      const problem = toProblem(error, request.context.state.requestId)
      const { retryAfter } = problemKinds[error.code]
      request.response = {
        statusCode: problem.status,
        headers: {
          'content-type': 'application/problem+json',
          'cache-control': 'no-store',
          'x-request-id': problem.instance,
          ...secureTransport,
          ...(problem.status === 401 ? { 'www-authenticate': 'Bearer realm="atrium"' } : {}),
          ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
        },
        body: JSON.stringify(problem),
      }
    },
  }
}

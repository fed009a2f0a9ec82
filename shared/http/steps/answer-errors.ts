import { problemKinds, toAppError, toProblem } from '../problems.ts'
import { rateHeaders } from '../rate-headers.ts'
import type { Step } from '../request-state.ts'
import { secureTransport } from '../secure-transport.ts'

/** Turns whatever was thrown into a problem document. */
export function answerErrors(): Step {
  return {
    onError(request) {
      const error = toAppError(request.error)
      const { state } = request.context
      const problem = toProblem(error, state.requestId)
      const retryAfter = error.retryAfter ?? problemKinds[error.code].retryAfter
      request.response = {
        statusCode: problem.status,
        headers: {
          'content-type': 'application/problem+json',
          'cache-control': 'no-store',
          'x-request-id': problem.instance,
          ...secureTransport,
          ...(problem.status === 401 ? { 'www-authenticate': 'Bearer realm="atrium"' } : {}),
          ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
          ...rateHeaders(state.rate),
        },
        body: JSON.stringify(problem),
      }
    },
  }
}

import { describeError, log } from '../../logger.ts'
import { problemKinds, toAppError } from '../problems.ts'
import type { Step } from '../request-state.ts'

type Request = Parameters<NonNullable<Step['after']>>[0]

let cold = true

/** One line a request, written last, when its status is known. Bodies, queries and credentials are never in it. */
export function logRequest(): Step {
  return {
    after: (request) => write(request),
    onError: (request) => write(request, request.error),
  }
}

function write({ event, context, response }: Request, error?: unknown): void {
  const { state } = context
  const failure = error === undefined ? undefined : toAppError(error)
  const ours = failure !== undefined && problemKinds[failure.code].status >= 500
  const line = {
    requestId: state.requestId,
    route: event.routeKey,
    tenant: state.admitted?.tenant.slug,
    caller: state.admitted?.credential.label,
    operator: state.operator,
    status: response?.statusCode,
    durationMs: Math.round((performance.now() - state.startedAt) * 100) / 100,
    cold,
    errorCode: failure?.code,
    ...(ours ? { error: describeError(failure) } : {}),
  }
  cold = false
  if (ours) log.error('request', line)
  else log.info('request', line)
}

import { describeError, log } from '../../logger.ts'
import { embedMetrics, type Metric } from '../../metrics.ts'
import { usageCounts } from '../instance-state.ts'
import { problemKinds, toAppError } from '../problems.ts'
import type { Step } from '../request-state.ts'

type Request = Parameters<NonNullable<Step['after']>>[0]

let cold = true

/** Sent when there is one, and not as zeros: CloudWatch charges a metric by the hours in which it is sent. */
const coldStart: Metric = { name: 'ColdStarts', unit: 'Count', value: 1, dimensions: [['FunctionName']] }
/** By version as well: a canary is judged by its own errors. */
const serverError: Metric = {
  ...{ name: 'ServerErrors', unit: 'Count', value: 1 },
  dimensions: [['FunctionName'], ['FunctionName', 'FunctionVersion']],
}

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
  // A tenant that is behind is no fault of the code that says so, which may just be released.
  const isFault = (response?.statusCode ?? 500) >= 500 && failure?.code !== 'tenant_behind'
  const bytes = Buffer.byteLength(event.body ?? '') + Buffer.byteLength(response?.body ?? '')
  if (state.admitted !== undefined) {
    usageCounts.count(state.admitted.tenant, {
      requests: 1,
      throttled: failure?.code === 'rate_limited' ? 1 : 0,
      errors: (response?.statusCode ?? 500) >= 500 ? 1 : 0,
      databaseMs: state.databaseMs,
      rows: state.rows,
      bytes,
    })
  }
  const line = {
    requestId: state.requestId,
    traceId: traceOf(event.headers['x-amzn-trace-id']),
    route: event.routeKey,
    tenant: state.admitted?.tenant.slug,
    caller: state.admitted?.credential.label,
    operator: state.operator,
    status: response?.statusCode,
    durationMs: hundredths(performance.now() - state.startedAt),
    databaseMs: hundredths(state.databaseMs),
    rows: state.rows,
    bytes,
    cold,
    errorCode: failure?.code,
    ...(ours ? { error: describeError(failure) } : {}),
    ...embedMetrics([...(cold ? [coldStart] : []), ...(isFault ? [serverError] : [])]),
  }
  cold = false
  if (ours) log.error('request', line)
  else log.info('request', line)
}

function hundredths(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}

/** X-Ray's id, which API Gateway puts into a header: by it the lines of all functions that had to do with a request are found. */
function traceOf(header: string | undefined): string | undefined {
  return /(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/.exec(header ?? '')?.[1]
}

import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { routes } from '../../functions/routes.ts'
import { createEvent } from '../../local/gateway/create-event.ts'
import { createRouteMatcher } from '../../local/gateway/match-route.ts'
import type { Handler } from '../../shared/http/create-handler.ts'

const match = createRouteMatcher(routes)

export interface CallOptions {
  /** The tenant's slug, sent as `x-tenant` to a shared domain. */
  readonly tenant?: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string or Buffer as it is. */
  readonly body?: unknown
}

export interface CallResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of a body is what it checks
  readonly body: any
  readonly text: string
}

/** The event that API Gateway would make of a request, by the table of routes. */
export function eventFor(method: string, target: string, options: CallOptions = {}): APIGatewayProxyEventV2 {
  const matched = match(method, target.split('?')[0] ?? target)
  if (matched === undefined) throw new Error(`no route for ${method} ${target}`)
  const { body, host = 'api.test', tenant, headers = {} } = options
  const sent = Object.entries({
    host,
    ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  })
  return createEvent(
    { method, target, headers: sent, body: toBytes(body), sourceIp: '192.0.2.1', protocol: 'HTTP/1.1' },
    matched,
  )
}

function toBytes(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0)
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

export async function invoke(event: APIGatewayProxyEventV2): Promise<CallResult> {
  const route = routes.find(({ method, path }) => `${method} ${path}` === event.routeKey)
  if (route === undefined) throw new Error(`no route "${event.routeKey}"`)
  const { handler }: { handler: Handler } = await import(`../../functions/${route.function}/handler.ts`)
  const result = await handler(event, lambdaContext())
  const text = result.body ?? ''
  const headers = Object.fromEntries(Object.entries(result.headers ?? {}).map(([name, value]) => [name, String(value)]))
  return { status: result.statusCode ?? 200, headers, text, body: text === '' ? undefined : JSON.parse(text) }
}

/** Sends a request through the function's own handler, as an event of an HTTP API. */
export function call(method: string, target: string, options: CallOptions = {}): Promise<CallResult> {
  return invoke(eventFor(method, target, options))
}

export function lambdaContext(): Context {
  return {
    awsRequestId: '00000000-0000-4000-8000-000000000000',
    callbackWaitsForEmptyEventLoop: false,
    functionName: 'test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:local:0:function:test',
    logGroupName: 'test',
    logStreamName: 'test',
    memoryLimitInMB: '256',
    getRemainingTimeInMillis: () => 30_000,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  }
}

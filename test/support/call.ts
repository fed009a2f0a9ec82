import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { controlRoutes } from '../../functions/control-routes.ts'
import { routes } from '../../functions/routes.ts'
import { createEvent } from '../../local/gateway/create-event.ts'
import { createRouteMatcher } from '../../local/gateway/match-route.ts'
import type { Handler } from '../../shared/http/create-handler.ts'
import { expectDescribed } from './described.ts'
import { noteSecret } from './log-lines.ts'

const match = createRouteMatcher(routes)
const matchControl = createRouteMatcher(controlRoutes)

export interface CallOptions {
  /** The tenant's slug, sent as `x-tenant` to a shared domain. */
  readonly tenant?: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A key or token; that of the tenant which the request names unless said otherwise, none for null. */
  readonly credential?: string | null
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

const keys = new Map<string, string>()

/** From now on requests that name the tenant so, by slug or domain, bring this key. */
export function bringKey(names: readonly string[], key: string): void {
  for (const name of names) keys.set(name.toLowerCase().replace(/\.$/, ''), key)
}

/** The key that requests for a tenant bring. */
export function keyOf(name: string): string {
  const key = keys.get(name)
  if (key === undefined) throw new Error(`no key was made for "${name}"`)
  return key
}

function credentialFor({ credential, tenant, host = '', headers = {} }: CallOptions): string | null {
  if (credential !== undefined) return credential
  const named = [tenant, headers['x-tenant'], headers.domain, host.toLowerCase().replace(/\.?(?::\d+)?$/, '')]
  return named.flatMap((name) => keys.get(name ?? '') ?? [])[0] ?? null
}

/** The event that API Gateway would make of a request, by the table of routes. */
export function eventFor(method: string, target: string, options: CallOptions = {}): APIGatewayProxyEventV2 {
  return eventBy(match, method, target, options)
}

function eventBy(
  matcher: typeof match | typeof matchControl,
  method: string,
  target: string,
  options: CallOptions & { readonly principal?: string },
): APIGatewayProxyEventV2 {
  const matched = matcher(method, target.split('?')[0] ?? target)
  if (matched === undefined) throw new Error(`no route for ${method} ${target}`)
  const { body, host = 'api.test', tenant, headers = {}, principal } = options
  const bearer = principal === undefined ? credentialFor(options) : null
  // Shorter ones are made up, and may be words.
  if (bearer !== null && bearer.length >= 30) noteSecret(bearer)
  const sent = Object.entries({
    host,
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  })
  const wire = { method, target, headers: sent, body: toBytes(body), sourceIp: '192.0.2.1', protocol: 'HTTP/1.1' }
  return createEvent({ ...wire, principal }, matched)
}

function toBytes(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0)
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Has the function of the event's route answer it. Fails when the API's description does not know such an answer. */
export async function invoke(event: APIGatewayProxyEventV2): Promise<CallResult> {
  const answer = await invokeUnchecked(event)
  expectDescribed(event.routeKey, answer)
  return answer
}

export async function invokeUnchecked(event: APIGatewayProxyEventV2): Promise<CallResult> {
  const route = [...routes, ...controlRoutes].find(({ method, path }) => `${method} ${path}` === event.routeKey)
  if (route === undefined) throw new Error(`no route "${event.routeKey}"`)
  const { handler }: { handler: Handler } = await import(`../../functions/${route.function}/handler.ts`)
  const result = await handler(event, lambdaContext())
  const { body = '', isBase64Encoded = false, statusCode: status = 200 } = result
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString('latin1') : body
  const headers = Object.fromEntries(Object.entries(result.headers ?? {}).map(([name, value]) => [name, String(value)]))
  const isJson = /[/+]json$/.test(headers['content-type'] ?? '')
  noteSecret(...(text.match(/\batr_[\w-]{40,}/g) ?? []))
  return { status, headers, text, body: isJson ? JSON.parse(text) : undefined }
}

/** The principal that {@link operate} signs by. */
export const operator = 'arn:aws:iam::000000000000:user/olga'

/** Sends an operator's request through the control plane's function, as an event that IAM has let through. */
export function operate(method: string, target: string, body?: unknown): Promise<CallResult> {
  return invoke(eventBy(matchControl, method, target, { body, principal: operator }))
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

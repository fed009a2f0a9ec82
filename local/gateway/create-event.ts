import { randomBytes } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'

/** An HTTP request as it came over the wire. */
export interface WireRequest {
  readonly method: string
  /** Path and query as they were sent. */
  readonly target: string
  /** Names and values in the order they were sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly sourceIp: string
  /** `HTTP/1.1` */
  readonly protocol: string
  /** The IAM principal that the request was signed by, where its route needs one. */
  readonly principal?: string
}

/** The event of payload 2.0, with what API Gateway adds for a route that IAM guards. */
export type HttpApiEvent = APIGatewayProxyEventV2 & {
  readonly requestContext: { readonly authorizer?: { readonly iam: { readonly userArn: string } } }
}

interface MatchedRoute {
  readonly route: { readonly method: string; readonly path: string }
  readonly parameters: Readonly<Record<string, string>>
}

/** Media types whose bodies API Gateway passes on as text; every other body arrives in base64. */
const textual = /^(?:text\/|application\/(?:json|javascript|xml|[a-z0-9.-]+\+(?:json|xml)))/i

/** Makes the event of payload format 2.0 that an HTTP API hands to a Lambda function for this request. */
export function createEvent(request: WireRequest, { route, parameters }: MatchedRoute): HttpApiEvent {
  const [rawPath = '/', rawQueryString = ''] = splitOnce(request.target, '?')
  const { headers, cookies } = combineHeaders(request.headers)
  const host = headers.host ?? 'localhost'
  const domainName = host.replace(/:\d+$/, '')
  const now = new Date()
  const isText = textual.test(headers['content-type'] ?? '')
  const query = combineQuery(rawQueryString)
  return {
    version: '2.0',
    routeKey: `${route.method} ${route.path}`,
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 ? { cookies } : {}),
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: 'local',
      apiId: 'local',
      domainName,
      ...(request.principal === undefined ? {} : { authorizer: { iam: { userArn: request.principal } } }),
      domainPrefix: domainName.split('.')[0] ?? domainName,
      http: {
        method: request.method,
        path: rawPath,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      // As API Gateway's: base64 of 11 bytes with a padding sign.
      requestId: randomBytes(11).toString('base64url').concat('='),
      routeKey: `${route.method} ${route.path}`,
      stage: '$default',
      time: formatTime(now),
      timeEpoch: now.getTime(),
    },
    ...(Object.keys(parameters).length > 0 ? { pathParameters: parameters } : {}),
    ...(request.body.length === 0 ? {} : { body: request.body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Lower-case names, repeated ones joined by a comma, cookies apart. */
function combineHeaders(sent: WireRequest['headers']): { headers: Record<string, string>; cookies: string[] } {
  const combined = new Map<string, string>()
  const cookies: string[] = []
  for (const [name, value] of sent) {
    const lower = name.toLowerCase()
    if (lower === 'cookie') cookies.push(...value.split(/;\s*/))
    else combined.set(lower, combined.has(lower) ? `${combined.get(lower)},${value}` : value)
  }
  return { headers: Object.fromEntries(combined), cookies }
}

function combineQuery(rawQueryString: string): Record<string, string> {
  const combined = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    combined.set(name, combined.has(name) ? `${combined.get(name)},${value}` : value)
  }
  return Object.fromEntries(combined)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `12/Mar/2020:19:03:58 +0000` */
function formatTime(time: Date): string {
  const day = String(time.getUTCDate()).padStart(2, '0')
  return `${day}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}:${time.toISOString().slice(11, 19)} +0000`
}

import { createEvent, type HttpApiEvent } from '../gateway/create-event.ts'
import type { RouteMatch, RoutePattern } from '../gateway/match-route.ts'
import type { ExampleRequest } from './example-requests.ts'

/** How a request names its tenant: by a header on the shared domain, or by a domain of its own. */
export type Way = 'header' | 'domain'

/**
 * The event that the HTTP API hands to the function of `matched` for a request. Where the tenant's key belongs, its place
 * is named: `{key of germany}`.
 */
export function makeEvent(
  { method, target, body, headers = {}, keyOf, host }: ExampleRequest,
  { tenant, way, matched }: { readonly tenant: string; readonly way: Way; readonly matched: RouteMatch<RoutePattern> },
): HttpApiEvent {
  const content = body === undefined || typeof body === 'string' ? (body ?? '') : JSON.stringify(body)
  const key = keyOf === undefined ? tenant : keyOf
  const sent = {
    host: host ?? (way === 'domain' ? `${tenant}.localhost` : 'localhost'),
    accept: '*/*',
    ...(way === 'header' && host === undefined ? { 'x-tenant': tenant } : {}),
    ...(key === null ? {} : { authorization: `Bearer {key of ${key}}` }),
    ...(content === ''
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) }),
    ...headers,
  }
  return createEvent(
    {
      ...{ method, target, headers: Object.entries(sent), body: Buffer.from(content) },
      ...{ sourceIp: '192.0.2.1', protocol: 'HTTP/1.1' },
    },
    matched,
  )
}

import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Answer, FileAnswer } from './answer.ts'
import { entityTagOf, isNamed } from './entity-tag.ts'
import { rateHeaders } from './rate-headers.ts'
import type { HttpResult, RequestState } from './request-state.ts'
import { secureTransport } from './secure-transport.ts'

/**
 * An endpoint's answer as the response that API Gateway takes (payload 2.0). A tenant's has an entity tag, and is 304
 * without a body when a GET names that tag in If-None-Match.
 */
export function respond(
  { status, body, file, headers }: Answer | FileAnswer,
  { event, state: { requestId, admitted, rate } }: { event: APIGatewayProxyEventV2; state: RequestState },
): HttpResult {
  const common = {
    // One URL answers for several tenants, so no shared cache may keep it.
    'cache-control': 'private, no-cache',
    vary: 'authorization, x-tenant, domain, origin',
    'x-request-id': requestId,
    ...secureTransport,
    ...rateHeaders(rate),
  }
  if (file !== undefined) {
    const own = { ...common, 'content-type': file.type, ...headers }
    return { statusCode: status, headers: own, body: file.bytes.toString('base64'), isBase64Encoded: true }
  }
  if (body === undefined) return { statusCode: status, headers: { ...common, ...headers } }
  const text = JSON.stringify(body)
  const tag = admitted && entityTagOf(admitted.tenant.id, text)
  const tagged = { ...common, ...(tag === undefined ? {} : { etag: tag }) }
  const seen = event.requestContext.http.method === 'GET' ? event.headers['if-none-match'] : undefined
  if (tag !== undefined && status === 200 && seen !== undefined && isNamed(seen, tag)) {
    return { statusCode: 304, headers: tagged }
  }
  return {
    statusCode: status,
    headers: { ...tagged, 'content-type': 'application/json', ...headers },
    body: text,
  }
}

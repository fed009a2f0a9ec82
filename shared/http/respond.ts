import type { Answer } from './answer.ts'
import type { HttpResult } from './request-state.ts'

/** An endpoint's answer as the response that API Gateway takes (payload 2.0). */
export function respond({ status, body, headers }: Answer, requestId: string): HttpResult {
  const common = {
    // One URL answers for several tenants, so no shared cache may keep it.
    'cache-control': 'private, no-cache',
    vary: 'x-tenant, domain',
    'x-request-id': requestId,
  }
  if (body === undefined) return { statusCode: status, headers: { ...common, ...headers } }
  return {
    statusCode: status,
    headers: { ...common, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

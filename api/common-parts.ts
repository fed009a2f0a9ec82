import type { ErrorCode } from '../shared/errors.ts'
import type { TenantEndpoint } from '../shared/http/endpoint.ts'

/** What a request of any tenant may be refused for, before its endpoint is asked. */
const ofEveryTenantRoute: readonly ErrorCode[] = [
  ...(['tenant_not_named', 'tenant_name_malformed', 'tenant_names_disagree', 'invalid_request'] as const),
  ...(['unauthenticated', 'other_tenant', 'scope_missing', 'tenant_suspended', 'rate_limited'] as const),
  ...(['tenant_not_ready', 'tenant_moving', 'tenant_behind', 'unavailable', 'timed_out', 'internal'] as const),
]
const ofEveryBody: readonly ErrorCode[] = ['malformed_body', 'body_too_large', 'unsupported_media_type']
const ofEveryPost: readonly ErrorCode[] = ['invalid_idempotency_key', 'idempotency_key_reused', 'idempotency_in_flight']

export const problemsOfPublicRoutes: readonly ErrorCode[] = ['invalid_request', 'unavailable', 'timed_out', 'internal']

/** What a tenant's route may be refused for because of what it is. */
export function problemsOf(method: string, endpoint: TenantEndpoint): readonly ErrorCode[] {
  return [
    ...ofEveryTenantRoute,
    ...(method === 'POST' || method === 'PATCH' ? [...ofEveryBody, 'plan_exceeded' as const] : []),
    ...(method === 'GET' ? [] : (['conflict'] as const)),
    ...(method === 'POST' ? ofEveryPost : []),
    ...(endpoint.takesIfMatch ? (['precondition_failed'] as const) : []),
  ]
}

const text = (minimum = 0) => ({ type: 'string', ...(minimum === 0 ? {} : { minLength: minimum }) }) as const

const inHeader = (name: string) => ({ name, in: 'header', schema: text(1) }) as const

/** Headers of requests, by the name of their component. */
export const parameters = {
  Tenant: {
    ...inHeader('x-tenant'),
    description:
      "The tenant's slug, or one of its domains: needed on a shared domain. On the tenant's own it may be left out, and must not name another.",
  },
  Domain: {
    ...inHeader('domain'),
    description: 'The same as `x-tenant`, by another name.',
  },
  IdempotencyKey: {
    ...inHeader('idempotency-key'),
    description:
      'Has the request done once, however often it is sent with this key: 1 to 255 visible characters, in quotes if a comma is among them. Kept for 24 hours, unless the stage is set otherwise.',
  },
  IfNoneMatch: {
    ...inHeader('if-none-match'),
    description: 'The `ETag` of an earlier answer: 304 while nothing has changed.',
  },
  IfMatch: {
    ...inHeader('if-match'),
    description: 'The `ETag` of an earlier answer: 412 if somebody else has changed it since.',
  },
}

/** Headers of answers alike. Those that are required are in every answer that lists them. */
export const headers = {
  RequestId: { description: 'To be quoted to whoever reads the logs.', required: true, schema: text(1) },
  ETag: { description: 'The state that was answered.', required: true, schema: text(1) },
  Location: { description: 'Where what was made can be read.', required: true, schema: { ...text(), pattern: '^/' } },
  Replayed: { description: 'The answer was given before, to the same key.', schema: { const: 'true' } },
  RetryAfter: { description: 'Seconds.', required: true, schema: { ...text(), pattern: '^[1-9]\\d*$' } },
  MayRetryAfter: {
    description: 'Seconds, where a later try may succeed.',
    schema: { ...text(), pattern: '^[1-9]\\d*$' },
  },
  RateLimitPolicy: {
    description: "The rate of the tenant's plan, if it has one: `q` requests in `w` seconds.",
    schema: { ...text(), pattern: '^"plan";q=\\d+;w=\\d+$' },
  },
  RateLimit: {
    description: 'How many of them may come now, `r`, and in how many seconds all may again, `t`.',
    schema: { ...text(), pattern: '^"plan";r=\\d+;t=\\d+$' },
  },
  Encoding: { description: 'How the bytes are coded, whatever was asked for.', schema: { const: 'gzip' } },
  Authenticate: { description: 'How to authenticate (RFC 9110).', required: true, schema: text(1) },
} as const

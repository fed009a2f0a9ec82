import { AppError, type ErrorCode, type FieldError } from '../errors.ts'

interface ProblemKind {
  readonly status: number
  readonly title: string
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number
}

/** The one table from an error's code to what HTTP says of it; docs/problems.md explains each. */
export const problemKinds: Readonly<Record<ErrorCode, ProblemKind>> = {
  tenant_not_named: { status: 400, title: 'No tenant named' },
  tenant_name_malformed: { status: 400, title: 'Malformed tenant name' },
  tenant_names_disagree: { status: 400, title: 'Contradictory tenant names' },
  tenant_unknown: { status: 404, title: 'Unknown tenant' },
  tenant_suspended: { status: 403, title: 'Tenant suspended' },
  tenant_not_ready: { status: 503, title: 'Tenant not ready', retryAfter: 5 },
  tenant_moving: { status: 503, title: 'Tenant moving', retryAfter: 5 },
  unauthenticated: { status: 401, title: 'Not authenticated' },
  other_tenant: { status: 403, title: 'Credential of another tenant' },
  scope_missing: { status: 403, title: 'Scope missing' },
  rate_limited: { status: 429, title: 'Rate limited', retryAfter: 1 },
  plan_exceeded: { status: 403, title: 'Plan exceeded' },
  invalid_idempotency_key: { status: 400, title: 'Invalid idempotency key' },
  idempotency_key_reused: { status: 422, title: 'Idempotency key reused' },
  idempotency_in_flight: { status: 409, title: 'Request in flight', retryAfter: 1 },
  precondition_failed: { status: 412, title: 'Precondition failed' },
  invalid_request: { status: 400, title: 'Invalid request' },
  malformed_body: { status: 400, title: 'Malformed body' },
  body_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  not_found: { status: 404, title: 'Not found' },
  unknown_product: { status: 422, title: 'Unknown product' },
  price_required: { status: 422, title: 'Price required' },
  amount_too_large: { status: 422, title: 'Amount too large' },
  product_has_orders: { status: 409, title: 'Product has orders' },
  conflict: { status: 409, title: 'Conflict' },
  invalid_slug: { status: 400, title: 'Invalid slug' },
  invalid_tenant_name: { status: 400, title: 'Invalid tenant name' },
  invalid_domain: { status: 400, title: 'Invalid domain' },
  slug_taken: { status: 409, title: 'Slug taken' },
  issuer_taken: { status: 409, title: 'Issuer taken' },
  fetch_failed: { status: 502, title: 'Fetch failed' },
  domain_taken: { status: 409, title: 'Domain taken' },
  operator_unknown: { status: 401, title: 'Operator unknown' },
  wrong_status: { status: 409, title: 'Wrong status' },
  confirmation_needed: { status: 400, title: 'Confirmation needed' },
  operation_running: { status: 409, title: 'Operation running' },
  operation_finished: { status: 409, title: 'Operation finished' },
  placements_full: { status: 409, title: 'Placements full' },
  placement_unknown: { status: 404, title: 'Unknown placement' },
  plan_unknown: { status: 404, title: 'Unknown plan' },
  connections_short: { status: 409, title: 'Connections short' },
  tenant_behind: { status: 503, title: 'Tenant behind', retryAfter: 30 },
  migration_edited: { status: 409, title: 'Migration edited' },
  contract_refused: { status: 409, title: 'Contract refused' },
  invalid_archive: { status: 422, title: 'Invalid archive' },
  tenant_too_large: { status: 409, title: 'Tenant too large' },
  copy_differs: { status: 500, title: 'Copy differs' },
  failure_threshold: { status: 409, title: 'Failure threshold reached' },
  unavailable: { status: 503, title: 'Service unavailable', retryAfter: 1 },
  timed_out: { status: 503, title: 'Timed out', retryAfter: 5 },
  internal: { status: 500, title: 'Internal error' },
}

/** A problem document, RFC 9457. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** The id of the request, to be quoted to whoever reads the logs. */
  readonly instance: string
  readonly errors?: readonly FieldError[]
}

/**
 * The type of an error's problem document: a reference to its heading in docs/problems.md, which the API serves at that path
 * of every domain (RFC 9457, 3.1.1: a relative one has the full path). Programs compare it as it is.
 */
export function problemTypeOf(code: ErrorCode): string {
  return `/docs/problems#${code.replaceAll('_', '-')}`
}

/** An error as an AppError: one that has no meaning for the caller becomes `internal`, its text kept to the log. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  return new AppError('internal', 'The request could not be carried out.', { cause: error })
}

export function toProblem(error: AppError, requestId: string): Problem {
  const { status, title } = problemKinds[error.code]
  return {
    type: problemTypeOf(error.code),
    title,
    status,
    detail: error.message,
    instance: requestId,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  }
}

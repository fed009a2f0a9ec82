/** One thing wrong with a request: where it stands (`body.quantity`), and what was expected there. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

/** What can go wrong in a way its caller should be told of. `http/problems.ts` has a row for each. */
export type ErrorCode =
  // naming a tenant
  | 'tenant_not_named'
  | 'tenant_name_malformed'
  | 'tenant_names_disagree'
  | 'tenant_unknown'
  | 'tenant_suspended'
  | 'tenant_not_ready'
  | 'tenant_moving'
  // who is calling
  | 'unauthenticated'
  | 'other_tenant'
  | 'scope_missing'
  // what a tenant's plan allows
  | 'rate_limited'
  | 'plan_exceeded'
  // doing once what is asked twice
  | 'invalid_idempotency_key'
  | 'idempotency_key_reused'
  | 'idempotency_in_flight'
  | 'precondition_failed'
  // the request itself
  | 'invalid_request'
  | 'malformed_body'
  | 'body_too_large'
  | 'unsupported_media_type'
  // what it asks for
  | 'not_found'
  | 'unknown_product'
  | 'price_required'
  | 'amount_too_large'
  | 'product_has_orders'
  | 'conflict'
  // onboarding
  | 'invalid_slug'
  | 'invalid_tenant_name'
  | 'invalid_domain'
  | 'slug_taken'
  | 'issuer_taken'
  | 'fetch_failed'
  | 'domain_taken'
  // operating
  | 'operator_unknown'
  | 'wrong_status'
  | 'confirmation_needed'
  | 'operation_running'
  | 'operation_finished'
  | 'placements_full'
  | 'placement_unknown'
  | 'plan_unknown'
  | 'connections_short'
  | 'tenant_behind'
  | 'migration_edited'
  | 'contract_refused'
  | 'failure_threshold'
  | 'invalid_archive'
  | 'tenant_too_large'
  | 'copy_differs'
  // our side
  | 'unavailable'
  | 'timed_out'
  | 'internal'

interface AppErrorOptions {
  readonly cause?: unknown
  readonly errors?: readonly FieldError[]
  readonly retryAfter?: number
}

/** An error with a meaning. It knows nothing of HTTP; `detail` is safe to show to the caller. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly errors: readonly FieldError[] | undefined
  /** Seconds after which it may go well, where that is known better than by its code. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.errors = options.errors
    this.retryAfter = options.retryAfter
  }
}

import * as z from 'zod/mini'
import type { TenantDatabase } from '../db/tenant-database.ts'
import '../english-messages.ts'
import { AppError, type FieldError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { Tenant } from '../tenancy/tenant.ts'
import type { Answer, FileAnswer } from './answer.ts'
import { answerOnce, type OnceKey } from './idempotency.ts'
import { type Precondition, preconditionOf } from './precondition.ts'
import type { RawRequest } from './raw-request.ts'

/** What an endpoint works with besides its input. */
export interface TenantContext {
  readonly tenant: Tenant
  readonly db: TenantDatabase
  /** What If-Match asks; see `changeIfMatched`. */
  readonly precondition?: Precondition | undefined
}

/** What an operator's endpoint works with besides its input. */
export interface OperatorContext {
  /** The IAM principal. */
  readonly operator: string
  readonly control: ControlPlane
}

/** What the headers of a request ask beyond its route and body. */
export interface Conditions {
  /** To be done once, however often it is sent. */
  readonly once: OnceKey | undefined
  /** If-Match, as it was sent. */
  readonly ifMatch: string | undefined
}

/** A tenant's endpoint. `prepare` validates, and answers the work that is left to do. */
export interface TenantEndpoint {
  readonly kind: 'tenant'
  readonly request: z.core.$ZodType
  readonly takesIfMatch: boolean
  prepare(raw: RawRequest, conditions: Conditions): (context: TenantContext) => Promise<Answer>
}

/** An endpoint of the control plane. */
export interface OperatorEndpoint {
  readonly kind: 'operator'
  readonly request: z.core.$ZodType
  prepare(raw: RawRequest): (context: OperatorContext) => Promise<Answer>
}

/** An endpoint that anyone may call and that belongs to no tenant. */
export interface PublicEndpoint {
  readonly kind: 'public'
  readonly request: z.core.$ZodType
  prepare(raw: RawRequest): () => Promise<Answer | FileAnswer>
}

/** A route's endpoint, with the scope that its caller needs. */
export interface ServedRoute {
  readonly endpoint: TenantEndpoint | PublicEndpoint
  readonly access: string
}

interface Definition<Context, Input> {
  readonly request: z.core.$ZodType<Input>
  handle(context: Context, input: Input): Promise<Answer>
}

interface TenantDefinition<Input> extends Definition<TenantContext, Input> {
  /** Does a request with an Idempotency-Key in fewer round trips than `answerOnce` does it for every POST. */
  handleOnce?(context: TenantContext, input: Input, once: OnceKey): Promise<Answer>
  /** Whether it asks the context's precondition. Where it does not, If-Match is refused rather than ignored. */
  readonly takesIfMatch?: boolean
}

/** Defines a tenant's endpoint by the schema of its path, query and body, and one function. */
export function tenantEndpoint<Input>(definition: TenantDefinition<Input>): TenantEndpoint {
  return {
    kind: 'tenant',
    request: definition.request,
    takesIfMatch: definition.takesIfMatch === true,
    prepare(raw, { once, ifMatch }) {
      if (ifMatch !== undefined && definition.takesIfMatch !== true) {
        throw new AppError('invalid_request', 'This route does not take If-Match.')
      }
      const input = validate(definition.request, raw)
      return (context) => {
        const precondition = ifMatch === undefined ? undefined : preconditionOf(ifMatch, context.tenant.id)
        const conditional = { ...context, precondition }
        if (once === undefined) return definition.handle(conditional, input)
        if (definition.handleOnce !== undefined) return definition.handleOnce(conditional, input, once)
        return answerOnce(conditional, once, (inside) => definition.handle(inside, input))
      }
    },
  }
}

/** Defines an operator's endpoint alike. */
export function operatorEndpoint<Input>(definition: Definition<OperatorContext, Input>): OperatorEndpoint {
  return {
    kind: 'operator',
    request: definition.request,
    prepare(raw) {
      const input = validate(definition.request, raw)
      return (context) => definition.handle(context, input)
    },
  }
}

/** Defines a public endpoint alike. */
export function publicEndpoint<Input>(definition: {
  readonly request: z.core.$ZodType<Input>
  handle(input: Input): Promise<Answer | FileAnswer>
}): PublicEndpoint {
  return {
    kind: 'public',
    request: definition.request,
    prepare(raw) {
      const input = validate(definition.request, raw)
      return () => definition.handle(input)
    },
  }
}

/** More would only repeat what a client gets wrong everywhere. */
const mostErrors = 20

function validate<Input>(schema: z.core.$ZodType<Input>, raw: RawRequest): Input {
  const result = z.safeParse(schema, raw)
  if (result.success) return result.data
  if (raw.body === undefined && result.error.issues.some((issue) => issue.path.join() === 'body')) {
    throw new AppError('malformed_body', 'The request needs a JSON body.')
  }
  const errors = result.error.issues.flatMap(toFieldErrors).slice(0, mostErrors)
  throw new AppError('invalid_request', `The request is not valid: ${errors[0]?.path}: ${errors[0]?.message}.`, {
    errors,
  })
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const at = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...at, key].join('.'), message: 'is not known here' }))
  }
  return [{ path: at.join('.'), message: issue.message }]
}

import type * as z from 'zod'
import type { TenantDatabase } from '../db/tenant-database.ts'
import { AppError, type FieldError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { Tenant } from '../tenancy/tenant.ts'
import type { Answer } from './answer.ts'
import type { RawRequest } from './raw-request.ts'

/** What an endpoint works with besides its input. */
export interface TenantContext {
  readonly tenant: Tenant
  readonly db: TenantDatabase
}

/** What an operator's endpoint works with besides its input. */
export interface OperatorContext {
  /** The IAM principal. */
  readonly operator: string
  readonly control: ControlPlane
}

/** An endpoint that works in some context. `prepare` validates, and answers the work that is left to do. */
interface ContextEndpoint<Kind extends string, Context> {
  readonly kind: Kind
  readonly request: z.ZodType
  prepare(raw: RawRequest): (context: Context) => Promise<Answer>
}

export type TenantEndpoint = ContextEndpoint<'tenant', TenantContext>

/** An endpoint of the control plane. */
export type OperatorEndpoint = ContextEndpoint<'operator', OperatorContext>

/** An endpoint that anyone may call and that belongs to no tenant. */
export interface PublicEndpoint {
  readonly kind: 'public'
  prepare(raw: RawRequest): () => Promise<Answer>
}

interface Definition<Context, Input> {
  readonly request: z.ZodType<Input>
  handle(context: Context, input: Input): Promise<Answer>
}

/** Defines a tenant's endpoint by the schema of its path, query and body, and one function. */
export function tenantEndpoint<Input>(definition: Definition<TenantContext, Input>): TenantEndpoint {
  return define('tenant', definition)
}

/** Defines an operator's endpoint alike. */
export function operatorEndpoint<Input>(definition: Definition<OperatorContext, Input>): OperatorEndpoint {
  return define('operator', definition)
}

export function publicEndpoint(definition: { handle(): Promise<Answer> }): PublicEndpoint {
  return { kind: 'public', prepare: () => definition.handle }
}

function define<Kind extends string, Context, Input>(
  kind: Kind,
  definition: Definition<Context, Input>,
): ContextEndpoint<Kind, Context> {
  return {
    kind,
    request: definition.request,
    prepare(raw) {
      const input = validate(definition.request, raw)
      return (context) => definition.handle(context, input)
    },
  }
}

/** More would only repeat what a client gets wrong everywhere. */
const mostErrors = 20

function validate<Input>(schema: z.ZodType<Input>, raw: RawRequest): Input {
  const result = schema.safeParse(raw)
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

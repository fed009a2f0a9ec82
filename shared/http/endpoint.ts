import type * as z from 'zod'
import type { TenantDatabase } from '../db/tenant-database.ts'
import { AppError, type FieldError } from '../errors.ts'
import type { Tenant } from '../tenancy/tenant.ts'
import type { Answer } from './answer.ts'
import type { RawRequest } from './raw-request.ts'

/** What an endpoint works with besides its input. */
export interface TenantContext {
  readonly tenant: Tenant
  readonly db: TenantDatabase
}

/** An endpoint that works for a tenant. `prepare` validates, and answers the work that is left to do. */
export interface TenantEndpoint {
  readonly kind: 'tenant'
  readonly request: z.ZodType
  prepare(raw: RawRequest): (context: TenantContext) => Promise<Answer>
}

/** An endpoint that anyone may call and that belongs to no tenant. */
export interface PublicEndpoint {
  readonly kind: 'public'
  prepare(raw: RawRequest): () => Promise<Answer>
}

export type Endpoint = TenantEndpoint | PublicEndpoint

/** Defines an endpoint by the schema of its path, query and body, and one function. */
export function tenantEndpoint<Input>(definition: {
  readonly request: z.ZodType<Input>
  handle(context: TenantContext, input: Input): Promise<Answer>
}): TenantEndpoint {
  return {
    kind: 'tenant',
    request: definition.request,
    prepare(raw) {
      const input = validate(definition.request, raw)
      return (context) => definition.handle(context, input)
    },
  }
}

export function publicEndpoint(definition: { handle(): Promise<Answer> }): PublicEndpoint {
  return { kind: 'public', prepare: () => definition.handle }
}

/** More would only repeat what a client gets wrong everywhere. */
const mostErrors = 20

function validate<Input>(schema: z.ZodType<Input>, raw: RawRequest): Input {
  const result = schema.safeParse(raw)
  if (result.success) return result.data
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

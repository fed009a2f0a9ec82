import type { TenantStatements } from '../db/tenant-database.ts'
import { AppError } from '../errors.ts'
import type { TenantContext } from './endpoint.ts'
import { entityTagOf, isNamedStrongly } from './entity-tag.ts'

/** Whether what is stored now, as a GET would show it, is what the caller has seen. */
export type Precondition = (representation: unknown) => boolean

/** The precondition of a request with If-Match. */
export function preconditionOf(header: string, tenantId: string): Precondition {
  return (representation) => isNamedStrongly(header, entityTagOf(tenantId, JSON.stringify(representation)))
}

/**
 * Makes a change if the request's If-Match allows it, the row locked in between; without If-Match it is just made. `find`
 * locks the row and answers it as a GET does. Undefined when there is none. Throws `precondition_failed`.
 */
export function changeIfMatched<Row, Result>(
  { db, precondition }: TenantContext,
  find: (statements: TenantStatements) => Promise<Row | undefined>,
  change: (statements: TenantStatements) => Promise<Result>,
): Promise<Result | undefined> {
  if (precondition === undefined) return change(db)
  return db.withTransaction({}, async (statements) => {
    const current = await find(statements)
    if (current === undefined) return undefined
    if (!precondition(current)) {
      throw new AppError('precondition_failed', 'It has been changed since: read it again, and decide anew.')
    }
    return change(statements)
  })
}

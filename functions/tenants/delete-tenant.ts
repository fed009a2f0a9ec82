import * as z from 'zod'
import { deleteTenant as deleteTenantRecord } from '../../shared/control/delete-tenant.ts'
import { startPurge } from '../../shared/control/start-purges.ts'
import { AppError } from '../../shared/errors.ts'
import { accepted, ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { toTenantAnswer } from './tenant-answer.ts'
import { tenantPath } from './tenant-fields.ts'

const day = 24 * 60 * 60 * 1_000
const defaultGraceDays = 30

export const deleteTenantRequest = z.strictObject({
  path: tenantPath,
  query: z.strictObject({
    grace_days: z
      .string()
      .regex(/^\d{1,4}$/, 'must be a number of days')
      .transform(Number)
      .default(defaultGraceDays),
    /** Purges at once: the slug again, so that nobody does it by a slip. */
    purge: z.string().optional(),
  }),
})

/** 200 with the time at which the tenant is purged, or 202 with the operation that purges it now. */
export const deleteTenant = operatorEndpoint({
  request: deleteTenantRequest,
  async handle({ control, operator }, { path: { slug }, query }) {
    if (query.purge === undefined) {
      const purgeAfter = new Date(Date.now() + query.grace_days * day).toISOString()
      return ok(toTenantAnswer(await deleteTenantRecord(control, slug, purgeAfter)))
    }
    if (query.purge !== slug) {
      throw new AppError('confirmation_needed', `To purge the tenant now, give its slug again: purge=${slug}.`)
    }
    const operation = await startPurge(control, slug, operator)
    return accepted(`/operations/${operation.id}`, operation)
  },
})

import * as z from 'zod'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { estimateMove } from '../../shared/control/measure-tenant.ts'
import { moveOperation } from '../../shared/control/move-operation.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { getPlacement, requireRoom } from '../../shared/control/placements.ts'
import { AppError } from '../../shared/errors.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { nothing, tenantPath } from './tenant-fields.ts'

/** Seconds without writes that need no confirmation. */
const shortEnough = 60

export const moveTenantRequest = z.strictObject({
  path: tenantPath,
  query: nothing,
  body: z.strictObject({ to: z.string(), confirmed: z.boolean().default(false) }),
})

/** 202 with the operation that moves the tenant; 400 with the estimate when that is long and not confirmed. */
export const moveTenant = operatorEndpoint({
  request: moveTenantRequest,
  async handle({ control, operator }, { path: { slug }, body: { to, confirmed } }) {
    await getPlacement(control, to)
    const { ref } = await getTenant(control, slug)
    if (ref.placement !== to) await requireRoom(control, to)
    const seconds = await estimateMove(control, slug)
    if (seconds > shortEnough && !confirmed) {
      throw new AppError(
        'confirmation_needed',
        `The tenant would be read-only for about ${seconds} s: confirm the move.`,
      )
    }
    const operation = await startOperation(control, moveOperation, { input: { slug, to }, tenant: slug, operator })
    return accepted(`/operations/${operation.id}`, { ...operation, estimate_seconds: seconds })
  },
})

import { readEnvironment } from '../../environment.ts'
import { AppError } from '../../errors.ts'
import { describeError, log } from '../../logger.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { invokeCourierForDomain } from '../invoke-function.ts'
import { type AdvanceOptions, advanceClaim } from './advance-claim.ts'
import type { Claim } from './claim.ts'
import { removeClaimsOf, storeStep, takeDueClaims } from './claims.ts'

/** Claims that one look takes on at once. */
const most = 20

/**
 * Takes the claims whose turn it is a step further, each for itself: one that goes wrong keeps none of the others. Answers how
 * many were looked at.
 */
export async function advanceDueClaims(
  control: ControlPlane,
  options: AdvanceOptions = { ask: invokeCourierForDomain, strayDays: readEnvironment().STRAY_DAYS },
): Promise<number> {
  const claims = await takeDueClaims(control, most)
  await Promise.all(claims.map((claim) => advance(control, claim, options)))
  return claims.length
}

/**
 * Has what serves a tenant's names taken down, before the tenant is no more: no name is left that leads to nobody. Throws
 * `unavailable` as long as there is something left.
 */
export async function detachDomains(control: ControlPlane, tenantId: string): Promise<void> {
  if ((await removeClaimsOf(control, tenantId)) === 0) return
  const claims = await takeDueClaims(control, most, tenantId)
  const options = { ask: invokeCourierForDomain, strayDays: readEnvironment().STRAY_DAYS }
  await Promise.all(claims.map((claim) => advance(control, claim, options)))
  const left = await removeClaimsOf(control, tenantId)
  if (left > 0) throw new AppError('unavailable', `${left} domains of the tenant are still being taken down.`)
}

async function advance(control: ControlPlane, claim: Claim, options: AdvanceOptions): Promise<void> {
  try {
    const step = await advanceClaim(claim, options)
    await storeStep(control, claim, step)
    if (step.state === claim.state) return
    log.info('domain', { tenant: claim.tenant, domain: claim.domain, from: claim.state, to: step.state })
  } catch (error) {
    // Its lease runs out, and it is looked at again.
    log.warn('a domain was not looked at', { tenant: claim.tenant, domain: claim.domain, error: describeError(error) })
  }
}

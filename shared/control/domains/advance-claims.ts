import { readEnvironment } from '../../environment.ts'
import { describeError, log } from '../../logger.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { invokeCourierForDomain } from '../invoke-function.ts'
import { type AdvanceOptions, advanceClaim } from './advance-claim.ts'
import { type LeasedClaim, storeStep, takeDueClaims } from './claim-steps.ts'
import { countClaims, removeClaimsOf } from './claims.ts'

/** Claims that one look takes on at once. */
const most = 20

function applicationOptions(): AdvanceOptions {
  return { ask: invokeCourierForDomain, strayDays: readEnvironment().STRAY_DAYS }
}

/**
 * Takes the claims whose turn it is a step further, each for itself: one that goes wrong keeps none of the others. Answers how
 * many were looked at.
 */
export async function advanceDueClaims(
  control: ControlPlane,
  options: AdvanceOptions = applicationOptions(),
): Promise<number> {
  const claims = await takeDueClaims(control, most)
  await Promise.all(claims.map((claim) => advance(control, claim, options)))
  return claims.length
}

/**
 * Has what serves a tenant's names taken down, before the tenant is no more: no name is left that leads to nobody. Answers how
 * many there are still.
 */
export async function detachDomains(
  control: ControlPlane,
  tenantId: string,
  options: AdvanceOptions = applicationOptions(),
): Promise<number> {
  if ((await removeClaimsOf(control, tenantId)) === 0) return 0
  const claims = await takeDueClaims(control, most, tenantId)
  await Promise.all(claims.map((claim) => advance(control, claim, options)))
  return countClaims(control, tenantId)
}

async function advance(control: ControlPlane, claim: LeasedClaim, options: AdvanceOptions): Promise<void> {
  const about = { tenant: claim.tenant, domain: claim.domain }
  try {
    const step = await advanceClaim(claim, options)
    await storeStep(control, claim, step)
    if (step.state !== claim.state) log.info('domain', { ...about, from: claim.state, to: step.state })
  } catch (error) {
    // Its lease runs out, and it is looked at again.
    log.warn('a look at a domain was not written down', { ...about, error: describeError(error) })
  }
}

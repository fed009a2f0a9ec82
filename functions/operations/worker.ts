import type { Context } from 'aws-lambda'
import { collectDueUsage } from '../../shared/control/collect-usage.ts'
import { advanceDueClaims } from '../../shared/control/domains/advance-claims.ts'
import { countUnfinished } from '../../shared/control/fleet/fleet-status.ts'
import { refreshDueSigningKeys } from '../../shared/control/refresh-signing-keys.ts'
import { runSlice, type SliceOutcome } from '../../shared/control/run-operations.ts'
import { startDuePurges } from '../../shared/control/start-purges.ts'
import { startDueSweep } from '../../shared/control/sweep-operation.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { readEnvironment } from '../../shared/environment.ts'
import { applicationControl } from '../../shared/http/serve-operator.ts'
import { describeError, log } from '../../shared/logger.ts'
import { embedMetrics } from '../../shared/metrics.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import { operationKinds } from './operation-kinds.ts'

/** Milliseconds kept for the step that is under way when the deadline comes. */
const margin = 10_000
/** Milliseconds after which no further look at domains is begun before operations have their turn. */
const mostForDomains = 10_000
/** The same, of placements' usage. */
const mostForUsage = 10_000

/**
 * Works on one operation for as long as the function may run. Whoever invokes it goes on until it answers `idle`: the
 * gateway locally, a state machine on AWS.
 */
export async function handler(_event: unknown, context: Context): Promise<{ outcome: SliceOutcome }> {
  const control = applicationControl()
  await startDuePurges(control)
  await startDueSweep(control)
  await refreshDueKeys(control)
  await advanceDueDomains(control)
  await collectUsage(control)
  await measureFleet(control)
  const deadline = Date.now() + Math.max(0, context.getRemainingTimeInMillis() - margin)
  return { outcome: await runSlice(control, operationKinds, { deadline }) }
}

/**
 * As long as there are names that get further at once, since each step of one begins the next; but not for long, and what goes
 * wrong keeps no operation waiting.
 */
async function advanceDueDomains(control: ControlPlane): Promise<void> {
  if (readEnvironment().COURIER_FUNCTION === undefined) return
  const until = Date.now() + mostForDomains
  try {
    while (Date.now() < until && (await advanceDueClaims(control)) > 0);
  } catch (error) {
    log.warn('domains were not looked at', { error: describeError(error) })
  }
}

/** Every five minutes from each placement, with how large its tenants have become. */
async function collectUsage(control: ControlPlane): Promise<void> {
  try {
    await collectDueUsage(control, { age: 300, patience: mostForUsage })
  } catch (error) {
    log.warn('usage was not collected', { error: describeError(error) })
  }
}

/** For the dashboard and its alarms: the machine asks at least once a minute. */
async function measureFleet(control: ControlPlane): Promise<void> {
  if (process.env.AWS_LAMBDA_FUNCTION_NAME === undefined) return
  const { behind, operations } = await countUnfinished(control, (await readMigrations('tenant')).length)
  const dimensions = [['Stage']] as const
  log.info('fleet', {
    ...embedMetrics([
      { name: 'TenantsBehind', unit: 'Count', value: behind, dimensions },
      { name: 'UnfinishedOperations', unit: 'Count', value: operations, dimensions },
    ]),
  })
}

/** What goes wrong outside is written down beside the issuer, and keeps no operation waiting. */
async function refreshDueKeys(control: ControlPlane): Promise<void> {
  if (readEnvironment().COURIER_FUNCTION === undefined) return
  await refreshDueSigningKeys(control)
}

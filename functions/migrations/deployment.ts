import * as z from 'zod'
import { migrateOperation } from '../../shared/control/fleet/migrate-operation.ts'
import { invokeBootstrap } from '../../shared/control/invoke-function.ts'
import type { Operation } from '../../shared/control/operation.ts'
import { listOperations, startOperation } from '../../shared/control/operations.ts'
import { wakeWorker } from '../../shared/control/wake-worker.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { AppError } from '../../shared/errors.ts'
import { applicationControl } from '../../shared/http/serve-operator.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import { registerPlacement } from '../../shared/tenancy/register-placement.ts'

/** What CloudFormation tells of a custom resource, as CDK's provider passes it on. */
const resourceEvent = z.looseObject({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  RequestId: z.string().min(1),
  /** What `begin` has answered, as CDK's provider hands it on. */
  Data: z.object({ until: z.string() }).partial().optional(),
})

const physicalId = 'atrium-fleet'

/** Milliseconds: CloudFormation gives a custom resource an hour, and what has been waited for by then fails. */
const longestWait = 50 * 60 * 1_000

/**
 * Begins a deployment, before new code takes traffic: brings the catalog's placement to life, or up to date, and lets tenants
 * come to it. Done again it changes nothing. Nothing is undone when the stack goes.
 */
export async function begin(
  event: unknown,
): Promise<{ readonly PhysicalResourceId: string; readonly Data: { readonly until: string } }> {
  const { RequestType } = resourceEvent.parse(event)
  if (RequestType !== 'Delete') {
    const control = applicationControl()
    await invokeBootstrap({ placement: control.catalog })
    await registerPlacement(control, control.catalog)
  }
  return { PhysicalResourceId: physicalId, Data: { until: new Date(Date.now() + longestWait).toISOString() } }
}

/**
 * Whether the fleet has been migrated for this deployment; asked again and again, it starts the run when no other is under
 * way. Throws when the run was stopped, which fails the deployment; tenants that stayed behind, or that the run has not come
 * to within 50 minutes, meet the version gate meanwhile.
 */
export async function isComplete(event: unknown): Promise<{ IsComplete: boolean }> {
  const { RequestType, RequestId, Data } = resourceEvent.parse(event)
  if (RequestType === 'Delete') return { IsComplete: true }
  const isLate = Data?.until !== undefined && Date.now() > Date.parse(Data.until)
  const run = await findOrStart(applicationControl(), `deployment ${RequestId}`).catch((error) => {
    // A database that fails over is there again in a minute.
    if (error instanceof AppError && error.code === 'unavailable') return undefined
    throw error
  })
  if (run === undefined || run.finished_at === null) return { IsComplete: isLate }
  if (run.state === 'succeeded') return { IsComplete: true }
  throw new Error(`the fleet was not migrated: ${run.problem?.detail ?? `the run was ${run.state}`}`)
}

async function findOrStart(control: ControlPlane, operator: string): Promise<Operation | undefined> {
  const latest = await listOperations(control, { before: undefined, limit: 200 })
  const own = latest.find(({ kind, started_by }) => kind === migrateOperation.kind && started_by === operator)
  if (own !== undefined) return own
  try {
    // By number: code that is rolled back meanwhile does not take its own latest for this one.
    const to = (await readMigrations('tenant')).length
    const input = { tenants: null, canaries: null, to, failureThreshold: 0.01 }
    const started = await startOperation(control, migrateOperation, { input, tenant: null, operator })
    await wakeWorker()
    return started
  } catch (error) {
    // An operator's run, perhaps of older code, is waited for.
    if (error instanceof AppError && error.code === 'operation_running') return undefined
    throw error
  }
}

import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { deleteTenant } from './delete-tenant.ts'
import type { Operation } from './operation.ts'
import { startOperation, startOrJoinOperation } from './operations.ts'
import { purgeOperation } from './purge-operation.ts'
import { changeStatus, isDueForPurge } from './tenant-status.ts'

/** Milliseconds for which the schedule of purges leaves a tenant to whoever is closing its schema. */
const closingTime = 60_000

/**
 * Purges a tenant now: when this settles it is refused, by the database too, and cannot be restored. Answers the
 * operation, which is the one that is under way where the schedule or another operator was first. Should this die half
 * way, the schedule begins it. Throws `tenant_unknown`, `wrong_status`, or `operation_running` for one of another kind, or of
 * the slug's last tenant.
 */
export async function startPurge(control: ControlPlane, slug: string, operator: string): Promise<Operation> {
  if (!(await isDueForPurge(control, slug))) {
    await deleteTenant(control, slug, new Date(Date.now() + closingTime).toISOString())
  }
  const { id } = await changeStatus(control, slug, {
    ...{ from: ['deleting'], to: 'deleting', purgeAfter: 'now', verb: 'purged' },
  })
  const operation = await startOrJoinOperation(control, purgeOperation, { input: { slug, id }, tenant: slug, operator })
  const { id: purged = id } = purgeOperation.input.parse(operation.input)
  if (purged === id) return operation
  throw new AppError('operation_running', `Operation ${operation.id} still purges the last tenant of that slug.`)
}

/** Starts a purge for each deleted tenant whose time has come, a hundred at most at a time. Answers how many. */
export async function startDuePurges(control: ControlPlane): Promise<number> {
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<{ slug: string; id: string }>(
      `SELECT t.slug, t.id FROM catalog.tenants t WHERE t.purge_after <= now()
         AND NOT EXISTS (SELECT FROM catalog.operations o WHERE o.tenant = t.slug AND o.finished_at IS NULL)
       ORDER BY t.purge_after LIMIT 100`,
    ),
  )
  let started = 0
  for (const { slug, id } of rows) {
    try {
      await startOperation(control, purgeOperation, {
        input: { slug, id },
        tenant: slug,
        operator: 'the schedule of purges',
      })
      started += 1
    } catch (error) {
      // Another sweep, or an operator, was first.
      if (!(error instanceof AppError && error.code === 'operation_running')) throw error
    }
  }
  return started
}

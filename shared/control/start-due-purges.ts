import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { startOperation } from './operations.ts'
import { purgeOperation } from './purge-operation.ts'

/** Starts a purge for each deleted tenant whose time has come, a hundred at most at a time. Answers how many. */
export async function startDuePurges(control: ControlPlane): Promise<number> {
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<{ slug: string }>(
      `SELECT t.slug FROM catalog.tenants t WHERE t.purge_after <= now()
         AND NOT EXISTS (SELECT FROM catalog.operations o WHERE o.tenant = t.slug AND o.finished_at IS NULL)
       ORDER BY t.purge_after LIMIT 100`,
    ),
  )
  let started = 0
  for (const { slug } of rows) {
    try {
      await startOperation(control, purgeOperation, {
        input: { slug },
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

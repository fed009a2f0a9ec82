import * as z from 'zod'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { sqlState, sqlStateOf } from '../db/sql-states.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { moveOperation } from './move-operation.ts'
import type { OperationKind, OperationTools } from './operation.ts'
import { requireLease } from './operation-lease.ts'
import { getPlacement, listPlacements, updatePlacement } from './placements.ts'

const input = z.object({ placement: z.string() })

const position = z.object({
  moved: z.int(),
  /** The move that is under way, and where it stands. */
  current: z.object({ slug: z.string(), to: z.string(), move: moveOperation.position }).nullable(),
})

type Position = z.output<typeof position>

/**
 * Empties a placement: no new tenants come to it, and those in it are moved one after the other, each to the emptiest
 * placement that has room. Ends when none is left; fails when there is nowhere to go, or a tenant that cannot be moved.
 */
export const drainOperation: OperationKind<z.output<typeof input>, Position> = {
  kind: 'drain',
  input,
  position,
  start: { moved: 0, current: null },
  cancellable: true,
  isPastReturn: ({ current }) => current !== null && (moveOperation.isPastReturn?.(current.move) ?? false),

  async step(control, { placement }, { moved, current }, tools) {
    await updatePlacement(control, placement, { accepts_tenants: false })
    const { tenants } = await getPlacement(control, placement)
    const progress = { done: moved, total: moved + tenants }
    if (current === null) {
      // Only now that it is written down that the last one is done with.
      await claimTenant(control, tools, null)
      const slug = await findNext(control, placement, tools.id)
      if (slug === undefined)
        return { position: { moved, current }, ...progress, result: { drained: placement, moved } }
      const to = await chooseTarget(control, placement)
      await claimTenant(control, tools, slug)
      return { position: { moved, current: { slug, to, move: moveOperation.start } }, ...progress }
    }
    const { slug, to } = current
    const step = await moveOperation.step(control, { slug, to }, current.move, tools).catch((error) => {
      if (!(current.move.phase === 'begin' && isRefusal(error))) throw error
    })
    // Suspended, deleted or purged since it was chosen: those that can be moved come first.
    if (step === undefined) return { position: { moved, current: null }, ...progress }
    if ('result' in step) return { position: { moved: moved + 1, current: null }, ...progress, done: moved + 1 }
    return { position: { moved, current: { slug, to, move: step.position } }, ...progress }
  },

  async abandon(control, _, { current }) {
    if (current !== null) await moveOperation.abandon?.(control, { slug: current.slug, to: current.to }, current.move)
  },
}

const isRefusal = (error: unknown) =>
  error instanceof AppError && (error.code === 'wrong_status' || error.code === 'tenant_unknown')

/** A tenant that can be moved now. Throws `wrong_status` when those that are left cannot. */
async function findNext(
  { pools, catalog }: ControlPlane,
  placement: string,
  operationId: string,
): Promise<string | undefined> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ slug: string; status: string; movable: boolean }>(
      `SELECT t.slug, t.status, t.status = 'active' AND NOT EXISTS (
           SELECT FROM catalog.operations o WHERE o.tenant = t.slug AND o.finished_at IS NULL AND o.id <> $2) AS movable
       FROM catalog.tenants t WHERE t.placement = $1 ORDER BY movable DESC, t.id LIMIT 1`,
      [placement, operationId],
    ),
  )
  const [next] = rows
  if (next === undefined || next.movable) return next?.slug
  throw new AppError(
    'wrong_status',
    `The tenant "${next.slug}" is ${next.status} or being worked on, and cannot be moved.`,
  )
}

/** Makes the drain the one operation of a tenant, as a move of it would be; and lets it go. */
async function claimTenant(
  { pools, catalog }: ControlPlane,
  worker: OperationTools,
  slug: string | null,
): Promise<void> {
  try {
    await withOwnerTransaction(pools, catalog, async (client) => {
      await requireLease(client, worker)
      await client.query('UPDATE catalog.operations SET tenant = $2 WHERE id = $1', [worker.id, slug])
    })
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.uniqueViolation) throw error
    throw new AppError('unavailable', `Another operation has begun to work on "${slug}".`, { cause: error })
  }
}

async function chooseTarget(control: ControlPlane, from: string): Promise<string> {
  const [target] = (await listPlacements(control))
    .filter(
      ({ name, accepts_tenants, tenants, tenant_limit }) => name !== from && accepts_tenants && tenants < tenant_limit,
    )
    .sort((a, b) => a.tenants - b.tenants)
  if (target !== undefined) return target.name
  throw new AppError('placements_full', 'No other placement has room: add one, or raise the limit of one.')
}

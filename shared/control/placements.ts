import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import { describeError, log } from '../logger.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { lockPlacements } from '../tenancy/register-placement.ts'
import { copyUsage } from './collect-usage.ts'

export interface PlacementRecord {
  readonly name: string
  readonly tenants: number
  /** How many tenants it may hold: the first role switch of a connection grows with its login's memberships. */
  readonly tenant_limit: number
  /** Whether new tenants may come to it. */
  readonly accepts_tenants: boolean
}

const columns = `p.name, p.tenant_limit, p.accepts_tenants,
  (SELECT count(*)::int FROM catalog.tenants t WHERE t.placement = p.name) AS tenants`

/** Every placement, with how full it is. */
export async function listPlacements({ pools, catalog }: ControlPlane): Promise<PlacementRecord[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<PlacementRecord>(`SELECT ${columns} FROM catalog.placements p ORDER BY p.name`),
  )
  return rows
}

/** One placement. Throws `placement_unknown`. */
export async function getPlacement(control: ControlPlane, name: string): Promise<PlacementRecord> {
  const found = (await listPlacements(control)).find((placement) => placement.name === name)
  if (found === undefined) throw new AppError('placement_unknown', `There is no placement "${name}".`)
  return found
}

/** Changes how many tenants a placement may hold, or whether new ones may come. Throws `placement_unknown`. */
export async function updatePlacement(
  { pools, catalog }: ControlPlane,
  name: string,
  change: { readonly tenant_limit?: number | undefined; readonly accepts_tenants?: boolean | undefined },
): Promise<PlacementRecord> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<PlacementRecord>(
      `UPDATE catalog.placements p SET tenant_limit = coalesce($2, p.tenant_limit),
         accepts_tenants = coalesce($3, p.accepts_tenants)
       WHERE p.name = $1 RETURNING ${columns}`,
      [name, change.tenant_limit ?? null, change.accepts_tenants ?? null],
    ),
  )
  if (rows[0] === undefined) throw new AppError('placement_unknown', `There is no placement "${name}".`)
  return rows[0]
}

/**
 * Keeps a placement for one tenant: no other comes to it by itself, and none by name. Throws `placement_unknown`, or
 * `placements_full` when more than one is there already.
 */
export async function dedicatePlacement(control: ControlPlane, name: string): Promise<PlacementRecord> {
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    await lockPlacements(client, name)
    const { rows } = await client.query<PlacementRecord>(
      `SELECT ${columns} FROM catalog.placements p WHERE p.name = $1`,
      [name],
    )
    if (rows[0] === undefined) throw new AppError('placement_unknown', `There is no placement "${name}".`)
    const { tenants } = rows[0]
    if (tenants > 1) throw new AppError('placements_full', `The placement "${name}" holds ${tenants} tenants already.`)
    const changed = await client.query<PlacementRecord>(
      `UPDATE catalog.placements p SET tenant_limit = 1, accepts_tenants = false WHERE p.name = $1 RETURNING ${columns}`,
      [name],
    )
    return onlyRow(changed.rows)
  })
}

/** Throws `placement_unknown`, or `placements_full` when not one more tenant may come to the placement. */
export async function requireRoom(control: ControlPlane, name: string): Promise<void> {
  const { tenants, tenant_limit } = await getPlacement(control, name)
  if (tenants < tenant_limit) return
  throw new AppError('placements_full', `The placement "${name}" holds ${tenants} of ${tenant_limit} tenants.`)
}

/**
 * Forgets a placement that holds no tenant. Throws `placement_unknown`, or `conflict` for one that holds some, or the
 * catalog.
 */
export async function removePlacement(control: ControlPlane, name: string): Promise<void> {
  if (name === control.catalog) throw new AppError('conflict', `The placement "${name}" holds the catalog.`)
  // What tenants that were there have asked for; unless its server is gone already.
  await copyUsage(control, name).catch((error) =>
    log.warn('usage was not collected', { placement: name, error: describeError(error) }),
  )
  await withOwnerTransaction(control.pools, control.catalog, async (client) => {
    await lockPlacements(client, name)
    const { rows } = await client.query<PlacementRecord>(
      `SELECT ${columns} FROM catalog.placements p WHERE p.name = $1`,
      [name],
    )
    if (rows[0] === undefined) throw new AppError('placement_unknown', `There is no placement "${name}".`)
    const { tenants } = rows[0]
    if (tenants > 0) {
      throw new AppError('conflict', `The placement "${name}" holds ${tenants} tenants: move or purge them first.`)
    }
    await client.query('DELETE FROM catalog.placements WHERE name = $1', [name])
  })
}

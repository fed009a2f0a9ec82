import type pg from 'pg'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { ControlPlane } from './control-plane.ts'

/**
 * Enters a placement into the catalog, so that tenants can be put there; or one alone, by name. Registering it again changes
 * nothing.
 */
export async function registerPlacement(
  { pools, catalog }: ControlPlane,
  placement: string,
  options: { readonly dedicated: boolean } = { dedicated: false },
): Promise<void> {
  const [limit, accepts] = options.dedicated ? [1, false] : [500, true]
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query(
      `INSERT INTO catalog.placements (name, tenant_limit, accepts_tenants) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [placement, limit, accepts],
    ),
  )
}

/**
 * Whoever puts a tenant into a placement, by name or into any open one, does so alone until the transaction ends: a limit
 * that is read holds until it is used.
 */
export async function lockPlacements(client: pg.ClientBase, placement: string | undefined): Promise<void> {
  await client.query(
    `SELECT FROM catalog.placements WHERE CASE WHEN $1::text IS NULL THEN accepts_tenants ELSE name = $1 END
     ORDER BY name FOR NO KEY UPDATE`,
    [placement ?? null],
  )
}

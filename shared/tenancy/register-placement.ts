import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { ControlPlane } from './control-plane.ts'

/** Enters a placement into the catalog, so that tenants can be put there. Registering it again changes nothing. */
export async function registerPlacement({ pools, catalog }: ControlPlane, placement: string): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query('INSERT INTO catalog.placements (name) VALUES ($1) ON CONFLICT DO NOTHING', [placement]),
  )
}

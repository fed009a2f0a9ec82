import type pg from 'pg'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { ControlPlane } from './control-plane.ts'

/** Enters a placement into the catalog, so that tenants can be put there. Registering it again changes nothing. */
export async function registerPlacement({ pools, catalog }: ControlPlane, placement: string): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query('INSERT INTO catalog.placements (name) VALUES ($1) ON CONFLICT DO NOTHING', [placement]),
  )
}

/** Whoever puts a tenant into a placement by name does so alone until the transaction ends. */
export async function lockPlacement(client: pg.ClientBase, placement: string): Promise<void> {
  await client.query('SELECT FROM catalog.placements WHERE name = $1 FOR NO KEY UPDATE', [placement])
}

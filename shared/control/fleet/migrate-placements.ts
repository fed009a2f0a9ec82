import { readMigrations } from '../../db/migrations.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { migrateDatabase } from '../../tenancy/migrate-database.ts'
import { placementNames } from '../../tenancy/placement-names.ts'
import type { PlacementTruth } from './read-truth.ts'

/** The placements whose own schemas have not had all migrations, or others than the code brings. */
export async function findOutdated({ catalog }: ControlPlane, truths: readonly PlacementTruth[]): Promise<string[]> {
  const [placement, catalogs] = await Promise.all([readMigrations('placement'), readMigrations('catalog')])
  return truths
    .filter((truth) => {
      const expected = truth.placement === catalog ? [...placement, ...catalogs] : placement
      return expected.some(({ kind, version, checksum }) => truth.applied[`${kind} ${version}`] !== checksum)
    })
    .map((truth) => truth.placement)
}

/** Brings the placements' own schemas up to date, one placement after the other. */
export async function migratePlacements(
  { pools, catalog }: ControlPlane,
  placements: readonly string[],
): Promise<void> {
  for (const placement of placements) {
    await withOwnerTransaction(pools, placement, async (client) => {
      // Two runs at once, as far as placements go: the second waits and finds it done.
      await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('atrium: migrate the placement', 0))`)
      const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database')
      const names = placementNames(rows[0]?.database ?? '')
      await migrateDatabase(client, names, placement === catalog ? ['placement', 'catalog'] : ['placement'])
    })
  }
}

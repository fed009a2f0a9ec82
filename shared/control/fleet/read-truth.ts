import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'

/** The placements there are, the catalog's first. */
export async function listPlacementNames({ pools, catalog }: ControlPlane): Promise<string[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ name: string }>('SELECT name FROM catalog.placements ORDER BY name <> $1, name', [catalog]),
  )
  return rows.map(({ name }) => name)
}

/**
 * Reads the fleet's truth, one query a placement, and corrects the catalog's copy of it. Answers how many tenants are on
 * each version.
 */
export async function readTruth(control: ControlPlane): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  const placements = await listPlacementNames(control)
  await Promise.all(placements.map((placement) => correctCopies(control, placement, counts)))
  return counts
}

async function correctCopies(
  { pools, catalog }: ControlPlane,
  placement: string,
  counts: Map<number, number>,
): Promise<void> {
  const { rows } = await withOwnerTransaction(pools, placement, (client) =>
    client.query<{ version: number; schemas: string[] }>(
      'SELECT version, array_agg(schema_name) AS schemas FROM atrium.tenant_versions GROUP BY version',
    ),
  )
  for (const { version, schemas } of rows) counts.set(version, (counts.get(version) ?? 0) + schemas.length)
  if (rows.length === 0) return
  const pairs = rows.flatMap(({ version, schemas }) => schemas.map((schema) => ({ version, schema })))
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query(
      `UPDATE catalog.tenants t SET version = v.version
       FROM unnest($1::text[], $2::integer[]) AS v (schema_name, version)
       WHERE t.placement = $3 AND t.schema_name = v.schema_name AND t.version <> v.version AND t.version > 0`,
      [pairs.map(({ schema }) => schema), pairs.map(({ version }) => version), placement],
    ),
  )
}

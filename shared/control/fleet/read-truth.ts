import type pg from 'pg'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'

/** What a placement says of itself, asked in one query. */
export interface PlacementTruth {
  readonly placement: string
  /** The checksums of the migrations that its own schemas have had, by kind and version: `placement 1`. */
  readonly applied: Readonly<Record<string, string>>
  /** The schemas on each tenant version. */
  readonly versions: readonly { readonly version: number; readonly schemas: readonly string[] }[]
}

/** The placements there are, the catalog's first. */
export async function listPlacementNames({ pools, catalog }: ControlPlane): Promise<string[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ name: string }>('SELECT name FROM catalog.placements ORDER BY name <> $1, name', [catalog]),
  )
  return rows.map(({ name }) => name)
}

/** Reads the fleet's truth, one query a placement, all at once; the catalog's placement comes first. */
export async function readPlacements(control: ControlPlane): Promise<PlacementTruth[]> {
  const placements = await listPlacementNames(control)
  return Promise.all(
    placements.map(async (placement) => {
      const { rows } = await askPlacement(control, placement, (client) =>
        client.query<Omit<PlacementTruth, 'placement'>>(
          `SELECT
             (SELECT coalesce(jsonb_object_agg(concat(kind, ' ', version), checksum), '{}') FROM atrium.migrations) AS applied,
             (SELECT coalesce(jsonb_agg(jsonb_build_object('version', v.version, 'schemas', v.schemas)), '[]') FROM (
                SELECT version, array_agg(schema_name) AS schemas FROM atrium.tenant_versions GROUP BY version) v) AS versions`,
        ),
      )
      return { placement, applied: rows[0]?.applied ?? {}, versions: rows[0]?.versions ?? [] }
    }),
  )
}

/** As `withOwnerTransaction`, and says which placement is out of reach. */
async function askPlacement<Result>(
  { pools }: ControlPlane,
  placement: string,
  ask: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  try {
    return await withOwnerTransaction(pools, placement, ask)
  } catch (cause) {
    if (!(cause instanceof AppError && cause.code === 'unavailable')) throw cause
    throw new AppError('unavailable', `The placement "${placement}" cannot be reached right now.`, { cause })
  }
}

/** Corrects the catalog's copy of the tenants' versions, in one statement. */
export async function correctCopies(
  { pools, catalog }: ControlPlane,
  truths: readonly PlacementTruth[],
): Promise<void> {
  const rows = truths.flatMap(({ placement, versions }) =>
    versions.flatMap(({ version, schemas }) => schemas.map((schema) => ({ placement, version, schema }))),
  )
  if (rows.length === 0) return
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query(
      `UPDATE catalog.tenants t SET version = v.version
       FROM unnest($1::text[], $2::text[], $3::integer[]) AS v (placement, schema_name, version)
       WHERE t.placement = v.placement AND t.schema_name = v.schema_name AND t.version <> v.version AND t.version > 0`,
      [rows.map(({ placement }) => placement), rows.map(({ schema }) => schema), rows.map(({ version }) => version)],
    ),
  )
}

/**
 * Reads the fleet's truth and corrects the catalog's copy of it. Answers how many tenants are on each version.
 */
export async function readTruth(control: ControlPlane): Promise<Map<number, number>> {
  const truths = await readPlacements(control)
  await correctCopies(control, truths)
  const counts = new Map<number, number>()
  for (const { version, schemas } of truths.flatMap(({ versions }) => versions)) {
    counts.set(version, (counts.get(version) ?? 0) + schemas.length)
  }
  return counts
}

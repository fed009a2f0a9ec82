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
  return askPlacements(control, await listPlacementNames(control))
}

function askPlacements(control: ControlPlane, placements: readonly string[]): Promise<PlacementTruth[]> {
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

/**
 * Corrects the catalog's copy of the tenants' versions. Versions go up: where a truth is lower than its copy, it may be one that
 * a run has overtaken since it was read, so it is asked for again, behind the copy, which must be the same still.
 */
export async function correctCopies(control: ControlPlane, truths: readonly PlacementTruth[]): Promise<void> {
  const lower = await raiseCopies(control, truths)
  if (lower.length === 0) return
  const asked = await askPlacements(control, [...new Set(lower.map(({ placement }) => placement))])
  const nameOf = ({ placement, schema }: SchemaVersion) => `${placement} ${schema}`
  const again = new Map(schemasOf(asked).map((truth) => [nameOf(truth), truth.version]))
  const truthOf = (copy: SchemaVersion) => again.get(nameOf(copy))
  const wrong = lower.filter((copy) => (truthOf(copy) ?? copy.version) !== copy.version)
  await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query(
      `UPDATE catalog.tenants t SET version = w.truth
       FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[]) AS w (placement, schema_name, version, truth)
       WHERE t.placement = w.placement AND t.schema_name = w.schema_name AND t.version = w.version`,
      [
        ...[wrong.map(({ placement }) => placement), wrong.map(({ schema }) => schema)],
        ...[wrong.map(({ version }) => version), wrong.map(truthOf)],
      ],
    ),
  )
}

/** The version that a schema is on: in truth, or by the catalog's copy. */
interface SchemaVersion {
  readonly placement: string
  readonly schema: string
  readonly version: number
}

/** The truth by schema, as `v (placement, schema_name, version)` has it of $1 to $3. */
const truthRows = 'unnest($1::text[], $2::text[], $3::integer[]) AS v (placement, schema_name, version)'

function schemasOf(truths: readonly PlacementTruth[]): SchemaVersion[] {
  return truths.flatMap(({ placement, versions }) =>
    versions.flatMap(({ version, schemas }) => schemas.map((schema) => ({ placement, version, schema }))),
  )
}

function columnsOf(truths: readonly PlacementTruth[]): unknown[][] {
  const rows = schemasOf(truths)
  return [rows.map(({ placement }) => placement), rows.map(({ schema }) => schema), rows.map(({ version }) => version)]
}

/** Corrects the copies that are lower than the truth, and answers those that are higher. */
async function raiseCopies(
  { pools, catalog }: ControlPlane,
  truths: readonly PlacementTruth[],
): Promise<SchemaVersion[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<SchemaVersion>(
      `WITH differing AS (
         SELECT t.id, t.placement, t.schema_name AS schema, t.version, v.version AS truth
         FROM ${truthRows} JOIN catalog.tenants t ON t.placement = v.placement AND t.schema_name = v.schema_name
         WHERE t.version <> v.version AND t.version > 0
       ), raised AS (
         UPDATE catalog.tenants t SET version = d.truth FROM differing d WHERE t.id = d.id AND t.version < d.truth
       )
       SELECT placement, schema, version FROM differing WHERE version > truth`,
      columnsOf(truths),
    ),
  )
  return rows
}

/**
 * Reads the fleet's truth and corrects the catalog's copy of it. Answers how many tenants are on each version: a schema that is no
 * tenant's, as a restored server brings them, is none.
 */
export async function readTruth(control: ControlPlane): Promise<Map<number, number>> {
  const truths = await readPlacements(control)
  await correctCopies(control, truths)
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<{ version: number; tenants: number }>(
      `SELECT v.version, count(*)::int AS tenants
       FROM ${truthRows} JOIN catalog.tenants t ON t.placement = v.placement AND t.schema_name = v.schema_name
       GROUP BY v.version`,
      columnsOf(truths),
    ),
  )
  return new Map(rows.map(({ version, tenants }) => [version, tenants]))
}

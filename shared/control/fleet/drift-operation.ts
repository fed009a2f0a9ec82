import type pg from 'pg'
import * as z from 'zod'
import { quoteIdentifier, quoteLiteral } from '../../db/identifiers.ts'
import { type Migration, readMigrations } from '../../db/migrations.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import type { OperationKind } from '../operation.ts'
import { describeDifferences, readSnapshots } from './schema-snapshot.ts'
import { snapshotTemplate } from './template-schema.ts'

const input = z.object({ repair: z.boolean() })
const drifted = z.object({ slug: z.string(), differences: z.array(z.string()), repaired: z.int() })
const position = z.object({ after: z.string(), checked: z.int(), drifted: z.array(drifted) })

/** Tenants a step looks at, and the most that are told of by name. */
const chunk = 200
const mostTold = 200

interface TenantToCheck {
  readonly id: string
  readonly slug: string
  readonly schema: string
  readonly placement: string
  readonly total: number
}

/**
 * Holds each tenant's schema against what the migrations make of a new one, at the tenant's own version: tables, columns,
 * types, defaults, indexes, constraints, grants, owner. With `repair` it mends what is safe: a missing index is made, a
 * table's grants are set anew. What could lose or lock data is only told.
 */
export function createDriftOperation(
  readTenantMigrations: () => Promise<readonly Migration[]>,
): OperationKind<z.output<typeof input>, z.output<typeof position>> {
  return {
    kind: 'drift',
    input,
    position,
    start: { after: '0', checked: 0, drifted: [] },
    cancellable: true,
    async step(control, { repair }, at) {
      const tenants = await readTenants(control, at.after)
      const migrations = await readTenantMigrations()
      const found = (
        await Promise.all(
          [...Map.groupBy(tenants, ({ placement }) => placement)].map(([placement, group]) =>
            withOwnerTransaction(control.pools, placement, (client) => checkGroup(client, group, migrations, repair)),
          ),
        )
      ).flat()
      const checked = at.checked + tenants.length
      const told = [...at.drifted, ...(await leaveOutMoved(control, tenants, found))].slice(0, mostTold)
      const last = tenants.at(-1)
      const next = {
        position: { after: last?.id ?? at.after, checked, drifted: told },
        done: checked,
        total: last?.total ?? checked,
      }
      return last === undefined ? { ...next, result: { checked, drifted: told } } : next
    },
  }
}

export const driftOperation = createDriftOperation(() => readMigrations('tenant'))

async function readTenants({ pools, catalog }: ControlPlane, after: string): Promise<TenantToCheck[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<TenantToCheck>(
      `SELECT id, slug, schema_name AS schema, placement,
         (SELECT count(*)::int FROM catalog.tenants WHERE status = 'active' AND version > 0) AS total
       FROM catalog.tenants WHERE id > $1 AND status = 'active' AND version > 0 ORDER BY id LIMIT $2`,
      [after, chunk],
    ),
  )
  return rows
}

const noRecord = 'the placement has no record of its version'

/** A tenant that has moved, or begun to, or was deleted since it was listed: its record is taken away with reason. */
async function leaveOutMoved(
  { pools, catalog }: ControlPlane,
  listed: readonly TenantToCheck[],
  found: readonly z.output<typeof drifted>[],
): Promise<z.output<typeof drifted>[]> {
  const doubtful = found.filter(({ differences }) => differences.includes(noRecord)).map(({ slug }) => slug)
  if (doubtful.length === 0) return [...found]
  const schemas = listed.filter(({ slug }) => doubtful.includes(slug)).map(({ schema }) => schema)
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ slug: string }>(
      "SELECT slug FROM catalog.tenants WHERE schema_name = ANY ($1) AND status = 'active'",
      [schemas],
    ),
  )
  const there = new Set(rows.map(({ slug }) => slug))
  return found.filter(({ slug }) => there.has(slug) || !doubtful.includes(slug))
}

async function checkGroup(
  client: pg.ClientBase,
  tenants: readonly TenantToCheck[],
  migrations: readonly Migration[],
  repair: boolean,
): Promise<z.output<typeof drifted>[]> {
  const { versions, snapshots } = await readSettled(
    client,
    tenants.map(({ schema }) => schema),
    repair,
  )
  const templates = new Map<number, ReadonlyMap<string, string>>()

  const reports: z.output<typeof drifted>[] = []
  for (const { slug, schema } of tenants) {
    const version = versions.get(schema)
    if (version === undefined) {
      reports.push({ slug, differences: [noRecord], repaired: 0 })
      continue
    }
    const expected = templates.get(version) ?? (await snapshotTemplate(client, migrations.slice(0, version)))
    templates.set(version, expected)
    const actual = snapshots.get(schema) ?? new Map<string, string>()
    const differences = describeDifferences(expected, actual)
    if (differences.length === 0) continue
    reports.push({ slug, differences, repaired: repair ? await mend(client, schema, expected, actual) : 0 })
  }
  return reports
}

/**
 * Each schema at the version that it has. Where a migration commits while they are looked at, those that it changed are looked
 * at again; for a repair it waits, and so does a tenant that begins to move, which is left alone from then on.
 */
async function readSettled(
  client: pg.ClientBase,
  schemas: readonly string[],
  lock: boolean,
): Promise<{ versions: Map<string, number>; snapshots: Map<string, ReadonlyMap<string, string>> }> {
  const versions = await readVersions(client, schemas, lock)
  const snapshots = new Map(await readSnapshots(client, schemas))
  for (let changed = schemas; changed.length > 0; ) {
    const now = await readVersions(client, changed, lock)
    changed = changed.filter((schema) => now.get(schema) !== versions.get(schema))
    for (const schema of changed) versions.delete(schema)
    for (const [schema, version] of now) versions.set(schema, version)
    if (changed.length > 0)
      for (const [schema, snapshot] of await readSnapshots(client, changed)) snapshots.set(schema, snapshot)
  }
  return { versions, snapshots }
}

async function readVersions(
  client: pg.ClientBase,
  schemas: readonly string[],
  lock: boolean,
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ schema_name: string; version: number }>(
    `SELECT schema_name, version FROM atrium.tenant_versions WHERE schema_name = ANY ($1) ORDER BY schema_name
     ${lock ? 'FOR UPDATE' : ''}`,
    [schemas],
  )
  return new Map(rows.map((row) => [row.schema_name, row.version]))
}

/** Mends what is safe, and answers how many things that was. */
async function mend(
  client: pg.ClientBase,
  schema: string,
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): Promise<number> {
  const statements: string[] = []
  for (const [name, definition] of expected) {
    if (actual.get(name) === definition) continue
    const table = /^grants on (.+)$/.exec(name)?.[1]
    if (table !== undefined && actual.has(`table ${table}`)) {
      statements.push(
        `REVOKE ALL ON ${quoteIdentifier(table)} FROM ${quoteIdentifier(schema)}; SELECT atrium.grant_table(${quoteLiteral(table)})`,
      )
    }
    // The definition is PostgreSQL's own, of an index that our migrations made.
    if (name.startsWith('index ') && !actual.has(name)) statements.push(definition.replaceAll('tenant', schema))
  }
  if (statements.length === 0) return 0
  await client.query(`
    SET LOCAL lock_timeout = '1s';
    SET LOCAL search_path = ${quoteIdentifier(schema)}, pg_temp;
    ${statements.join(';\n')};
    SET LOCAL search_path = pg_catalog, pg_temp`)
  return statements.length
}

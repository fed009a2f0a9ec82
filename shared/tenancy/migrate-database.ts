import type pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../db/identifiers.ts'
import { fileOf, type Migration, type MigrationKind, readMigrations } from '../db/migrations.ts'
import { type ApiGrant, catalogGrants, placementGrants } from './api-grants.ts'
import type { PlacementNames } from './placement-names.ts'
import { recordTenantMigrations } from './record-tenant-migrations.ts'

type DatabaseMigrationKind = Exclude<MigrationKind, 'tenant'>

interface AppliedMigration {
  readonly version: number
  readonly name: string
  readonly checksum: string
}

/**
 * Brings a placement's own schemas up to date, as their owner: each migration in a transaction with its record, then
 * the API login's grants. Throws, naming the file, when a migration that was applied has been edited since.
 */
export async function migrateDatabase(
  client: pg.ClientBase,
  names: PlacementNames,
  kinds: readonly DatabaseMigrationKind[],
): Promise<void> {
  for (const kind of kinds) {
    const applied = await readApplied(client, kind)
    for (const migration of await readMigrations(kind)) {
      const earlier = applied.get(migration.version)
      if (earlier === undefined) await apply(client, migration)
      else refuseEdited(migration, earlier)
    }
  }
  if (kinds.includes('placement')) await grantToApi(client, names.api, placementGrants)
  if (kinds.includes('catalog')) {
    await client.query(`GRANT USAGE ON SCHEMA catalog TO ${quoteIdentifier(names.api)}`)
    await grantToApi(client, names.api, catalogGrants)
    await recordTenantMigrations(client, await readMigrations('tenant'))
  }
}

async function readApplied(client: pg.ClientBase, kind: MigrationKind): Promise<Map<number, AppliedMigration>> {
  const found = await client.query<{ exists: boolean }>(
    `SELECT pg_catalog.to_regclass('atrium.migrations') IS NOT NULL AS exists`,
  )
  if (!found.rows[0]?.exists) return new Map()
  const { rows } = await client.query<AppliedMigration>(
    'SELECT version, name, checksum FROM atrium.migrations WHERE kind = $1',
    [kind],
  )
  return new Map(rows.map((row) => [row.version, row]))
}

async function apply(client: pg.ClientBase, { kind, version, name, sql, checksum }: Migration): Promise<void> {
  // One message without BEGIN is one implicit transaction: the change and its record stand or fall together.
  await client.query(`
    SET LOCAL statement_timeout = 0;
    ${sql}
    INSERT INTO atrium.migrations (kind, version, name, checksum)
    VALUES (${quoteLiteral(kind)}, ${version}, ${quoteLiteral(name)}, ${quoteLiteral(checksum)})`)
}

function refuseEdited(migration: Migration, applied: AppliedMigration): void {
  if (migration.checksum === applied.checksum) return
  throw new Error(
    `${migration.kind} migration ${fileOf(migration)} was edited after it was applied: put the change in a new file`,
  )
}

async function grantToApi(client: pg.ClientBase, apiLogin: string, grants: readonly ApiGrant[]): Promise<void> {
  const api = quoteIdentifier(apiLogin)
  const statements = grants.map(({ table, privilege, columns }) => {
    const list = columns.map(quoteIdentifier).join(', ')
    return `GRANT ${privilege} (${list}) ON ${table} TO ${api}`
  })
  await client.query(statements.join('; '))
}

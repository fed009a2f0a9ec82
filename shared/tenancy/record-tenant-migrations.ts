import type pg from 'pg'
import { fileOf, type Migration } from '../db/migrations.ts'
import { AppError } from '../errors.ts'

/**
 * Enters the tenant migrations into the catalog, and holds them against what was entered before. Throws
 * `migration_edited`, naming the file, when one has changed since.
 */
export async function recordTenantMigrations(client: pg.ClientBase, migrations: readonly Migration[]): Promise<void> {
  await client.query(
    `INSERT INTO catalog.tenant_migrations (version, name, checksum)
     SELECT * FROM unnest($1::integer[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`,
    [
      migrations.map(({ version }) => version),
      migrations.map(({ name }) => name),
      migrations.map(({ checksum }) => checksum),
    ],
  )
  await requireUnedited(client, migrations)
}

/** Throws `migration_edited` for one that is not what was entered before. */
export async function requireUnedited(client: pg.ClientBase, migrations: readonly Migration[]): Promise<void> {
  const { rows } = await client.query<{ version: number; name: string; checksum: string }>(
    'SELECT version, name, checksum FROM catalog.tenant_migrations ORDER BY version',
  )
  for (const row of rows) {
    const migration = migrations[row.version - 1]
    // One that is not there: this code is older than the fleet, as after a rollback.
    if (migration === undefined || migration.checksum === row.checksum) continue
    throw new AppError(
      'migration_edited',
      `The tenant migration ${fileOf(row)} is not what it was when it was applied: put the change in a new file.`,
    )
  }
}

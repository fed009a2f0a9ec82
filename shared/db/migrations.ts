import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'

export type MigrationKind = 'placement' | 'catalog' | 'tenant'

export interface Migration {
  readonly kind: MigrationKind
  readonly version: number
  /** The file's name without number and ending. */
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, hexadecimal: an edited migration is noticed. */
  readonly checksum: string
}

const folder = new URL('./migrations/', import.meta.url)
const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/

/**
 * The migrations of one kind in the order of their versions. Throws when a file is not named
 * `0001_what_it_does.sql` or the versions have a gap, since a migration that is skipped over is lost.
 */
export async function readMigrations(kind: MigrationKind): Promise<readonly Migration[]> {
  const directory = new URL(`${kind}/`, folder)
  const migrations = await Promise.all(
    (await readdir(directory)).sort().map(async (file): Promise<Migration> => {
      const [, number, name] = fileName.exec(file) ?? []
      if (number === undefined || name === undefined) {
        throw new Error(`${kind} migration "${file}" is not named like 0001_what_it_does.sql`)
      }
      const sql = await readFile(new URL(file, directory), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { kind, version: Number(number), name, sql, checksum }
    }),
  )
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1) {
      throw new Error(`${kind} migration ${index + 1} is missing: found version ${migration.version} in its place`)
    }
  })
  return migrations
}

/** One checksum for a tenant schema that has had all of `migrations`. */
export function checksumOf(migrations: readonly Migration[]): string {
  return createHash('sha256')
    .update(migrations.map((migration) => migration.checksum).join('\n'))
    .digest('hex')
}

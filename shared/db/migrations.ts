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
  /** False for a file that says `-- atrium: outside a transaction`, as CREATE INDEX CONCURRENTLY wants it. */
  readonly transactional: boolean
  /** For a file that says `-- atrium: contract from code 4`: the lowest code version that it leaves working. */
  readonly contractFrom?: number | undefined
}

const outsideTransaction = /^-- atrium: outside a transaction$/m
const contract = /^-- atrium: contract from code (\d+)$/m

const folder = new URL('./migrations/', import.meta.url)
const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/

/**
 * The migrations of one kind in the order of their versions. Throws when a file is not named
 * `0001_what_it_does.sql` or the versions have a gap, since a migration that is skipped over is lost.
 */
export async function readMigrations(
  kind: MigrationKind,
  directory = new URL(`${kind}/`, folder),
): Promise<readonly Migration[]> {
  const migrations = await Promise.all(
    (await readdir(directory)).sort().map(async (file): Promise<Migration> => {
      const [, number, name] = fileName.exec(file) ?? []
      if (number === undefined || name === undefined) {
        throw new Error(`${kind} migration "${file}" is not named like 0001_what_it_does.sql`)
      }
      const sql = await readFile(new URL(file, directory), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      const transactional = !outsideTransaction.test(sql)
      const from = contract.exec(sql)?.[1]
      const contractFrom = from === undefined ? undefined : Number(from)
      return { kind, version: Number(number), name, sql, checksum, transactional, contractFrom }
    }),
  )
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1) {
      throw new Error(`${kind} migration ${index + 1} is missing: found version ${migration.version} in its place`)
    }
  })
  return migrations
}

/** `0005_drop_the_old_price.sql` */
export function fileOf({ version, name }: Pick<Migration, 'version' | 'name'>): string {
  return `${String(version).padStart(4, '0')}_${name}.sql`
}

/** A migration's statements as a new, empty schema takes them, inside the one transaction that makes it. */
export function sqlForNewSchema({ sql, transactional }: Migration): string {
  return transactional ? sql : sql.replace(/\bCONCURRENTLY\b/gi, '')
}

/** One checksum for a tenant schema that has had all of `migrations`. */
export function checksumOf(migrations: readonly Migration[]): string {
  return createHash('sha256')
    .update(migrations.map((migration) => migration.checksum).join('\n'))
    .digest('hex')
}

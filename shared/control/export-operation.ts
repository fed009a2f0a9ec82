import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import * as z from 'zod'
import { quoteIdentifier } from '../db/identifiers.ts'
import { onlyRow } from '../db/only-row.ts'
import { readTableNames, readTables, type TableToCopy } from './copy-schema.ts'
import { findExportSource } from './export-source.ts'
import { uploadFile, withTemporaryFolder } from './files.ts'
import type { OperationKind } from './operation.ts'
import { beginAsOwner } from './owner-session.ts'
import { fileOf, hashFile, type Manifest, packArchive } from './tenant-archive.ts'

const input = z.object({
  slug: z.string(),
  /** A placement to take it from that is not the tenant's: one restored from a backup. */
  from: z.string().nullable().default(null),
})
const position = z.object({})

/**
 * Exports a tenant into one file: a manifest and a CSV a table, all of one moment, whatever is written meanwhile. Done
 * again it makes the file again.
 */
export const exportOperation: OperationKind<z.output<typeof input>, z.output<typeof position>> = {
  kind: 'export',
  input,
  position,
  start: {},
  cancellable: false,
  async step(control, { slug, from }, _, { id }) {
    const source = await findExportSource(control, slug, from)
    const key = `exports/${id}/${slug}.tar.gz`
    const rows = await withTemporaryFolder(async (folder) => {
      const contents = await control.pools.withSession(source.ref.placement, async (client) => {
        const tables = await beginToRead(client, source.ref.schema)
        return readSchema(client, source.ref.schema, tables, folder)
      })
      const archive = join(folder, 'tenant.tar.gz')
      const about = { slug, name: source.name, exported_at: new Date().toISOString() }
      await packArchive(folder, { format: 'atrium tenant 1', ...about, ...contents }, archive)
      await uploadFile(key, archive)
      return contents.tables.reduce((sum, table) => sum + table.rows, 0)
    })
    return { position: {}, done: 1, total: 1, result: { tenant: slug, key, rows } }
  },
}

type Contents = Pick<Manifest, 'version' | 'migrations' | 'tables' | 'sequences'>

/** Begins a transaction in which nothing of the schema changes any more, and answers its tables. */
async function beginToRead(client: pg.ClientBase, schema: string): Promise<TableToCopy[]> {
  for (;;) {
    const names = await readTableNames(client, schema)
    await beginAsOwner(client, 'read', { schema, tables: names })
    const tables = await readTables(client, schema)
    if (tables.every(({ name }) => names.includes(name))) return tables
    // A migration has made another in between.
    await client.query('ROLLBACK')
  }
}

/** Writes each table to a file in the folder, and answers what a manifest says of them. */
async function readSchema(
  client: pg.ClientBase,
  schema: string,
  own: readonly TableToCopy[],
  folder: string,
): Promise<Contents> {
  const { rows } = await client.query<{ version: number; checksum: string }>(
    'SELECT version, checksum FROM atrium.tenant_versions WHERE schema_name = $1',
    [schema],
  )
  const { version, checksum } = onlyRow(rows)
  const tables: Contents['tables'] = []
  for (const { name, columns } of own) {
    const path = join(folder, fileOf(name))
    const list = columns.map(quoteIdentifier).join(', ')
    const copy = client.query(
      copyTo(`COPY ${quoteIdentifier(schema)}.${quoteIdentifier(name)} (${list}) TO STDOUT (FORMAT csv, HEADER)`),
    )
    await pipeline(copy, createWriteStream(path))
    tables.push({ name, columns: [...columns], rows: copy.rowCount, sha256: await hashFile(path) })
  }
  const found = await client.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'S' ORDER BY 1`,
    [schema],
  )
  const sequences: Contents['sequences'] = []
  for (const { name } of found.rows) {
    const { rows } = await client.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
    )
    sequences.push({ name, ...onlyRow(rows) })
  }
  return { version, migrations: checksum, tables, sequences }
}

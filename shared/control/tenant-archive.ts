import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import tar from 'tar-stream'
import * as z from 'zod'
import { AppError } from '../errors.ts'

const tableName = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)

/** What an exported tenant's file says of itself. It holds data only: no SQL of a file is ever run. */
export const manifest = z.strictObject({
  format: z.literal('atrium tenant 1'),
  slug: z.string(),
  name: z.string(),
  exported_at: z.string(),
  version: z.int().min(1),
  /** Of the migrations up to the version: a schema made by others is not ours to fill. */
  migrations: z.string(),
  tables: z
    .array(
      z.strictObject({
        name: tableName,
        columns: z.array(z.string().min(1)).min(1),
        rows: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(10_000),
  sequences: z.array(
    z.strictObject({ name: tableName, last_value: z.string().regex(/^\d{1,19}$/), is_called: z.boolean() }),
  ),
})

export type Manifest = z.output<typeof manifest>

const manifestName = 'manifest.json'
export const fileOf = (table: string): string => `${table}.csv`

/** Packs a manifest and the tables' files of a folder into one tar.gz, the manifest first. */
export async function packArchive(folder: string, contents: Manifest, archive: string): Promise<void> {
  const pack = tar.pack()
  const written = pipeline(pack, createGzip(), createWriteStream(archive))
  pack.entry({ name: manifestName }, JSON.stringify(contents, null, 2))
  for (const { name } of contents.tables) {
    const path = join(folder, fileOf(name))
    const { size } = await stat(path)
    await pipeline(createReadStream(path), pack.entry({ name: fileOf(name), size }))
  }
  pack.finalize()
  await written
}

/**
 * Unpacks an archive into a folder and checks it whole. Throws `invalid_archive` for one that is damaged, cut short, or
 * not ours; nothing of it has been used by then.
 */
export async function unpackArchive(archive: string, folder: string): Promise<Manifest> {
  const extract = tar.extract()
  const read = pipeline(createReadStream(archive), createGunzip(), extract)
  read.catch(() => undefined) // it ends the loop below, which tells of it
  const found = new Set<string>()
  try {
    for await (const entry of extract) {
      const { name, type } = entry.header
      // Names that could lead out of the folder are not ours.
      if (type !== 'file' || !/^(?:manifest\.json|[a-z_][a-z0-9_]{0,62}\.csv)$/.test(name) || found.has(name)) {
        throw new Error(`unexpected entry ${JSON.stringify(name)}`)
      }
      found.add(name)
      await pipeline(entry, createWriteStream(join(folder, name)))
    }
    await read
    const contents = manifest.parse(JSON.parse(await readFile(join(folder, manifestName), 'utf8')))
    const expected = new Set([manifestName, ...contents.tables.map(({ name }) => fileOf(name))])
    if (expected.size !== found.size || [...expected].some((name) => !found.has(name)))
      throw new Error('files are missing or too many')
    for (const { name, sha256 } of contents.tables) {
      if ((await hashFile(join(folder, fileOf(name)))) !== sha256)
        throw new Error(`${name} is not what the manifest says`)
    }
    return contents
  } catch (cause) {
    throw new AppError('invalid_archive', 'The file is not an exported tenant, or is damaged; nothing was imported.', {
      cause,
    })
  }
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

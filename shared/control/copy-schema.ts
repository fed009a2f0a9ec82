import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { quoteIdentifier } from '../db/identifiers.ts'
import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { withOwnerSession } from './owner-session.ts'

/** A table with the columns that are its own, in the order that its foreign keys allow. */
export interface TableToCopy {
  readonly name: string
  readonly columns: readonly string[]
  readonly blocks: number
  readonly refersToItself: boolean
}

export interface CopySide {
  readonly client: pg.ClientBase
  readonly schema: string
}

export interface CopyLimits {
  /** Blocks of 8 KiB that a part has, each in a transaction of its own at the target. */
  readonly blocks: number
  /** Milliseconds since 1970 after which no further part is begun. */
  readonly until: number
}

/** Blocks copied, and all there are. */
export interface CopyProgress {
  readonly copied: number
  readonly total: number
}

/**
 * Goes on copying the rows of one schema into another with the same tables, through COPY from one connection to the other,
 * part by part until all is copied or time is up. The source, a session as the owner in a read-only transaction, must not
 * change meanwhile; the target is a session outside a transaction. Neither is pipelined.
 */
export async function copyRows(source: CopySide, target: CopySide, limits: CopyLimits): Promise<CopyProgress> {
  const tables = await readTables(source.client, source.schema)
  const total = tables.reduce((sum, { blocks }) => sum + blocks, 0)
  let copied = 0
  for (const table of tables) {
    let next = await copyPart(source, target, table, 0)
    while (next < table.blocks) {
      next = await copyPart(source, target, table, limits.blocks)
      if (Date.now() >= limits.until) return { copied: copied + next, total }
    }
    copied += table.blocks
  }
  return { copied, total }
}

/**
 * Copies the next part of a table, of none or more blocks, and answers the first block behind it. A second worker waits,
 * and copies the one after.
 */
async function copyPart(source: CopySide, target: CopySide, table: TableToCopy, blocks: number): Promise<number> {
  return withOwnerSession(target.client, async () => {
    const { rows } = await target.client.query<{ next: string }>(
      `INSERT INTO atrium.copies AS c (schema_name, table_name) VALUES ($1, $2)
       ON CONFLICT (schema_name, table_name) DO UPDATE SET next_block = c.next_block RETURNING next_block AS next`,
      [target.schema, table.name],
    )
    const from = Number(onlyRow(rows).next)
    if (from >= table.blocks || blocks === 0) return from
    // Rows that refer to others of their own table are checked at the end of their COPY: it has to be one.
    const to = table.refersToItself ? table.blocks : Math.min(table.blocks, from + blocks)
    const list = table.columns.map(quoteIdentifier).join(', ')
    const at = (schema: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`
    const part = `SELECT ${list} FROM ${at(source.schema)} WHERE ctid >= '(${from},0)' AND ctid < '(${to},0)'`
    await pipeline(
      source.client.query(copyTo(`COPY (${part}) TO STDOUT`)),
      target.client.query(copyFrom(`COPY ${at(target.schema)} (${list}) FROM STDIN`)),
    )
    await target.client.query('UPDATE atrium.copies SET next_block = $3 WHERE schema_name = $1 AND table_name = $2', [
      target.schema,
      table.name,
      to,
    ])
    return to
  })
}

/**
 * Brings the sequences along, then holds both schemas against each other, rows by count and checksum, and throws when they
 * are not equal. Answers how many rows there are.
 */
export async function verifyCopy(source: CopySide, target: CopySide): Promise<number> {
  return withOwnerSession(target.client, async () => {
    await copySequences(source, target)
    let rows = 0
    for (const { name } of await readTables(source.client, source.schema)) {
      const [left, right] = await Promise.all([
        checksum(source.client, source.schema, name),
        checksum(target.client, target.schema, name),
      ])
      if (left.count !== right.count || left.sum !== right.sum) {
        throw new AppError('copy_differs', `The copy of ${name} is not equal to its original.`)
      }
      rows += Number(left.count)
    }
    return rows
  })
}

/** Tables after those that they refer to. Generated columns are computed again. */
export async function readTables(client: pg.ClientBase, schema: string): Promise<TableToCopy[]> {
  const { rows } = await client.query<TableToCopy & { refers_to: string[] }>(
    `SELECT c.relname::text AS name,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
       ARRAY(SELECT DISTINCT f.relname::text FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS refers_to,
       (pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int)::int AS blocks,
       EXISTS (SELECT FROM pg_catalog.pg_constraint k
         WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = c.oid) AS "refersToItself"
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY c.relname`,
    [schema],
  )
  const sorted: TableToCopy[] = []
  const left = [...rows]
  while (left.length > 0) {
    const at = left.findIndex(({ refers_to }) => refers_to.every((name) => sorted.some((table) => table.name === name)))
    const [next] = left.splice(at, at === -1 ? 0 : 1)
    if (next === undefined) throw new Error('the foreign keys of the tables go round in a circle')
    sorted.push(next)
  }
  return sorted
}

/** The names of a schema's tables. Unlike their sizes, they are had while a migration has the tables locked. */
export async function readTableNames(client: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'r'`,
    [schema],
  )
  return rows.map(({ name }) => name)
}

async function copySequences(source: CopySide, target: CopySide): Promise<void> {
  const { rows } = await source.client.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'S'`,
    [source.schema],
  )
  for (const { name } of rows) {
    // The sequence itself: pg_sequences shows no value of one that was never drawn from.
    const found = await source.client.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${quoteIdentifier(source.schema)}.${quoteIdentifier(name)}`,
    )
    const { last_value, is_called } = onlyRow(found.rows)
    const sequence = `${quoteIdentifier(target.schema)}.${quoteIdentifier(name)}`
    await target.client.query('SELECT pg_catalog.setval($1::regclass, $2, $3)', [sequence, last_value, is_called])
  }
}

/** Count and sum of hashes: equal for equal rows in whatever order. */
async function checksum(client: pg.ClientBase, schema: string, table: string): Promise<{ count: string; sum: string }> {
  const { rows } = await client.query<{ count: string; sum: string }>(
    `SELECT count(*) AS count, coalesce(sum(hashtextextended(r::text, 0)::numeric), 0)::text AS sum
     FROM ${quoteIdentifier(schema)}.${quoteIdentifier(table)} r`,
  )
  return onlyRow(rows)
}

/** Forgets how far a copy has come. */
export async function forgetCopy({ pools }: ControlPlane, placement: string, schema: string): Promise<void> {
  await withOwnerTransaction(pools, placement, (client) =>
    client.query('DELETE FROM atrium.copies WHERE schema_name = $1', [schema]),
  )
}

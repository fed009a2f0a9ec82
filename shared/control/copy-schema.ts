import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { quoteIdentifier } from '../db/identifiers.ts'
import { onlyRow } from '../db/only-row.ts'
import { AppError } from '../errors.ts'

/** A table with the columns that are its own, in the order that its foreign keys allow. */
export interface TableToCopy {
  readonly name: string
  readonly columns: readonly string[]
}

/**
 * Copies all rows and the sequences of one schema into another, which has the same tables and no rows, through COPY from
 * one connection to the other. Then holds both against each other, rows by count and checksum, sequences by value, and
 * throws when they are not equal. Both clients act as the owner in a transaction; neither is pipelined.
 */
export async function copySchema(
  source: { readonly client: pg.ClientBase; readonly schema: string },
  target: { readonly client: pg.ClientBase; readonly schema: string },
): Promise<{ rows: number }> {
  let rows = 0
  const tables = await readTables(source.client, source.schema)
  for (const { name, columns } of tables) {
    const list = columns.map(quoteIdentifier).join(', ')
    const at = (schema: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
    await pipeline(
      source.client.query(copyTo(`COPY ${at(source.schema)} (${list}) TO STDOUT`)),
      target.client.query(copyFrom(`COPY ${at(target.schema)} (${list}) FROM STDIN`)),
    )
  }
  await copySequences(source, target)
  for (const { name } of tables) {
    const [left, right] = await Promise.all([
      checksum(source.client, source.schema, name),
      checksum(target.client, target.schema, name),
    ])
    if (left.count !== right.count || left.sum !== right.sum) {
      throw new AppError('internal', `The copy of ${name} is not equal to its original.`)
    }
    rows += Number(left.count)
  }
  return { rows }
}

/** Tables after those that they refer to. Generated columns are computed again. */
export async function readTables(client: pg.ClientBase, schema: string): Promise<TableToCopy[]> {
  const { rows } = await client.query<TableToCopy & { refers_to: string[] }>(
    `SELECT c.relname::text AS name,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
       ARRAY(SELECT DISTINCT f.relname::text FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS refers_to
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

async function copySequences(
  source: { readonly client: pg.ClientBase; readonly schema: string },
  target: { readonly client: pg.ClientBase; readonly schema: string },
): Promise<void> {
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

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lintMigrations, migrationsFolder } from '../../cli/lint-migrations.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-lint-'))
  cpSync(migrationsFolder, folder, { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

async function lint(sql: string): Promise<string[]> {
  writeFileSync(join(folder, 'tenant', '0099_new.sql'), sql)
  return (await lintMigrations(folder)).map(({ file, line, rule }) => `${file}:${line} ${rule}`)
}

it('has nothing to say of the migrations that there are', async () => {
  expect(await lintMigrations()).toEqual([])
})

it.each([
  ['ALTER TABLE products ADD COLUMN colour text;', []],
  ["COMMENT ON TABLE products IS 'in public.things we trust'; -- see public.things", []],
  ["CREATE TABLE notes (id bigint PRIMARY KEY);\nSELECT atrium.grant_table('notes');", []],
  ['-- atrium: outside a transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON products (price);', []],
  ['\nALTER TABLE public.products ADD COLUMN colour text;', ['tenant/0099_new.sql:2 no-schema']],
  ["\n\nSET search_path = 'x';", ['tenant/0099_new.sql:3 no-set']],
  ['CREATE TABLE notes (id bigint PRIMARY KEY);', ['tenant/0099_new.sql:1 grant-table']],
  ['CREATE INDEX i ON products (price);', ['tenant/0099_new.sql:1 require-concurrent-index-creation']],
  ['ALTER TABLE products ADD COLUMN n integer NOT NULL;', ['tenant/0099_new.sql:1 adding-required-field']],
  ['UPDATE products p\nSET name = o.id::text FROM orders o WHERE o.product_id = p.id;', []],
  ['ALTER TABLE products ALTER COLUMN description\n  SET DEFAULT NULL;', []],
  ['SELECT 1; SET search_path = public;', ['tenant/0099_new.sql:1 no-set']],
  ["SELECT set_config('search_path', 'public', true);", ['tenant/0099_new.sql:1 no-set']],
  ['UPDATE public.products SET price = 1;', ['tenant/0099_new.sql:1 no-schema']],
])('of %j it says %j', async (sql, expected) => {
  expect(await lint(sql)).toEqual(expected)
})

it('wants what is dropped to be dropped by a contract, and a file outside a transaction to be one repeatable statement', async () => {
  expect(await lint('ALTER TABLE products DROP COLUMN description;')).toContain('tenant/0099_new.sql:1 no-drop')
  expect(await lint('ALTER TABLE products DROP description;')).toContain('tenant/0099_new.sql:1 no-drop')
  const contract = await lint('-- atrium: contract from code 1\nALTER TABLE products DROP COLUMN description;')
  expect(contract).not.toContain('tenant/0099_new.sql:2 no-drop')
  expect(contract).not.toContain('tenant/0099_new.sql:1 contract-code')
  const unnamed = await lint('-- atrium: contract\nALTER TABLE products DROP COLUMN description;')
  expect(unnamed).toContain('tenant/0099_new.sql:2 no-drop')
  const early = await lint('-- atrium: contract from code 999\nALTER TABLE products DROP COLUMN description;')
  expect(early).toContain('tenant/0099_new.sql:1 contract-code')
  expect(await lint('-- atrium: outside a transaction\nCREATE INDEX CONCURRENTLY i ON products (price);')).toContain(
    'tenant/0099_new.sql:1 one-repeatable-statement',
  )
})

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const project = fileURLToPath(new URL('..', import.meta.url))
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-imports-'))
  for (const part of ['biome.json', 'lint']) cpSync(join(project, part), join(folder, part), { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What the linter says of a file at `path` that imports `source`. */
function lint(path: string, source: string): Promise<string> {
  return lintText(path, `import { a } from '${source}'\n\nexport const b = a\n`)
}

async function lintText(path: string, text: string): Promise<string> {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return new Promise((resolve) => {
    const biome = join(project, 'node_modules/.bin/biome')
    execFile(biome, ['lint', '--vcs-enabled=false', path], { cwd: folder }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
}

it.each([
  ['shared/logger.ts', './db/pools.ts'],
  ['shared/db/pools.ts', '../tenancy/slug.ts'],
  ['shared/db/pools.ts', '../http/answer.ts'],
  ['shared/tenancy/slug.ts', '../http/answer.ts'],
  ['shared/http/steps/log-request.ts', '../../../functions/routes.ts'],
  ['shared/http/respond.ts', '../db/tenant-ref.ts'],
  ['functions/products/handler.ts', '../../infra/app.ts'],
  ['functions/products/handler.ts', '../../local/start.ts'],
  ['functions/products/handler.ts', '../../test/support/call.ts'],
  ['functions/products/list-products.ts', '../../shared/db/tenant-ref.ts'],
  ['functions/products/list-products.ts', '../../shared/db/pools.ts'],
  ['shared/courier/fetch-json.ts', '../db/pools.ts'],
  ['shared/aws/read-secret.ts', '../db/pools.ts'],
  ['functions/credentials/create-key.ts', '../products/product-queries.ts'],
  ['functions/products/handler.ts', '../credentials/create-key.ts'],
  ['infra/app.ts', '../functions/products/handler.ts'],
  ['infra/app.ts', '../shared/db/pools.ts'],
  ['infra/app.ts', '../local/start.ts'],
])('keeps %s from importing %s', async (path, source) => {
  expect(await lint(path, source)).toContain('noRestrictedImports')
})

it.each([
  ['shared/tenancy/resolve-tenant.ts', '../db/tenant-ref.ts'],
  ['shared/http/serve-tenant.ts', '../db/application-pools.ts'],
  ['functions/products/handler.ts', '../../shared/http/create-handler.ts'],
  ['functions/credentials/create-key.ts', '../routes.ts'],
  ['infra/app.ts', '../functions/routes.ts'],
  ['test/support/stage.ts', '../../shared/db/tenant-ref.ts'],
  ['local/start.ts', '../shared/db/pools.ts'],
])('lets %s import %s', async (path, source) => {
  expect(await lint(path, source)).not.toContain('noRestrictedImports')
})

it.each([
  ['a constant list of columns', 'db.read(`SELECT ${columns} FROM t WHERE id = $1`, [id])', false],
  ['a value', 'db.read(`SELECT ${columns} FROM t WHERE id = ${id}`, [])', true],
  ['a value with a type', 'db.write<{ id: string }>(`UPDATE t SET a = ${input.a}`, [], {})', true],
  ['a value that is added', "statements.write('DELETE FROM t WHERE id = ' + id, [])", true],
])("%s in a statement's text", async (_, statement, isRefused) => {
  const text = `export const run = (db, statements, columns, id, input) => ${statement}\n`
  const said = await lintText('functions/products/product-queries.ts', text)
  expect(said.includes('A value is a bind parameter')).toBe(isRefused)
})

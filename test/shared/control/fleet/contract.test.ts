import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createMigrateOperation } from '../../../../shared/control/fleet/migrate-operation.ts'
import type { Operation } from '../../../../shared/control/operation.ts'
import { getOperation, startOperation } from '../../../../shared/control/operations.ts'
import { runSlice } from '../../../../shared/control/run-operations.ts'
import { createCatalogReader } from '../../../../shared/db/catalog.ts'
import { type Migration, readMigrations } from '../../../../shared/db/migrations.ts'
import { codeVersion } from '../../../../shared/release.ts'
import { findTenant } from '../../../../shared/tenancy/catalog-queries.ts'
import { findAllowedMigrations } from '../../../../shared/tenancy/contract-gate.ts'
import { createCodeReport } from '../../../../shared/tenancy/report-code.ts'
import { createDirectPools } from '../../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

const own = fileURLToPath(new URL('../../../../shared/db/migrations/tenant', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'atrium-contract-'))

let stage: TestStage
let base: number
let migrations: readonly Migration[]

beforeAll(async () => {
  stage = await createTestStage('control')
  base = (await readMigrations('tenant')).length
  await stage.createTenant()
  cpSync(own, folder, { recursive: true })
  const file = (version: number, name: string) => join(folder, `${String(version).padStart(4, '0')}_${name}.sql`)
  writeFileSync(file(base + 1, 'expand'), 'ALTER TABLE products ADD COLUMN colour text;')
  writeFileSync(
    file(base + 2, 'contract'),
    '-- atrium: contract from code 5\nALTER TABLE products DROP COLUMN description;',
  )
  migrations = await readMigrations('tenant', pathToFileURL(`${folder}/`))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await stage.end()
})
beforeEach(() => stage.asOwner((client) => client.query('DELETE FROM atrium.serving_code')))

/** Code that served so many minutes ago. */
const serve = (version: number, minutesAgo: number) =>
  stage.asOwner((client) =>
    client.query(
      `INSERT INTO atrium.serving_code (code_version, last_seen) VALUES ($1, now() - $2 * interval '1 minute')`,
      [version, minutesAgo],
    ),
  )

async function migrate(to: number | null = null): Promise<Operation> {
  const kind = createMigrateOperation(async () => migrations)
  const input = { tenants: null, canaries: null, to, failureThreshold: 0.01 }
  const { id } = await startOperation(stage.control, kind, { input, tenant: null, operator: 'olga' })
  while (
    (await runSlice(stage.control, new Map([[kind.kind, kind]]), { deadline: Date.now() + 60_000 })) !== 'finished'
  );
  return getOperation(stage.control, id)
}

const allowed = () => stage.asOwner(async (client) => (await findAllowedMigrations(client, migrations)).length - base)

it('reads the lowest code version out of the file', () => {
  expect(migrations.map(({ contractFrom }) => contractFrom).slice(base)).toEqual([undefined, 5])
})

it.each([
  ['nothing has ever served', [], 2],
  ['older code served a minute ago', [[4, 1]], 1],
  [
    'older and newer code serve, as in a canary deployment',
    [
      [4, 2],
      [5, 1],
    ],
    1,
  ],
  [
    'older code has not served for a while, and newer does',
    [
      [4, 16],
      [5, 1],
    ],
    2,
  ],
  [
    'older code is the last that served, hours ago',
    [
      [5, 900],
      [4, 600],
    ],
    1,
  ],
  [
    'newer code is the last that served, hours ago',
    [
      [4, 900],
      [5, 600],
    ],
    2,
  ],
] as const)('when %s, a new tenant gets what that code allows', async (_, served, expected) => {
  for (const [version, minutesAgo] of served) await serve(version, minutesAgo)
  expect(await allowed()).toBe(expected)
})

it('is refused by name while older code serves, before any tenant is touched; what comes before it is not', async () => {
  await serve(4, 1)
  const refused = await migrate()
  expect(refused).toMatchObject({ state: 'failed', progress: { done: 0 }, problem: { code: 'contract_refused' } })
  expect(refused.problem?.detail).toContain(`${String(base + 2).padStart(4, '0')}_contract.sql`)
  expect(refused.problem?.detail).toContain(`stop at version ${base + 1}`)
  expect(await migrate(base + 1)).toMatchObject({ state: 'succeeded', result: { migrated: 1 } })
  await serve(5, 1)
  await stage.asOwner((client) => client.query('DELETE FROM atrium.serving_code WHERE code_version = 4'))
  expect(await migrate()).toMatchObject({ state: 'succeeded', result: { to: base + 2, migrated: 1 } })
  // A rollback brings older code back: what was contracted stays so, and hinders no later run.
  await serve(4, 0)
  expect(await migrate()).toMatchObject({ state: 'succeeded', result: { migrated: 0 } })
})

it("is told by the API's own look-ups, once a minute, in the same flight", async () => {
  const pools = createDirectPools(stage.connection('api'))
  let now = 0
  const report = createCodeReport(() => now)
  const served = () => stage.asOwner((client) => client.query('SELECT code_version FROM atrium.serving_code'))
  const catalog = createCatalogReader(pools, () => 'main', report)
  const lookUp = () => findTenant(catalog, { kind: 'slug', slug: 'tenant-1' })
  expect(await lookUp()).toMatchObject({ slug: 'tenant-1' })
  expect((await served()).rows).toEqual([{ code_version: codeVersion }])
  expect(report()).toEqual([])
  now = 60_000
  await stage.asOwner((client) => client.query(`UPDATE atrium.serving_code SET last_seen = now() - interval '1 hour'`))
  await lookUp()
  const { rows } = await stage.asOwner((client) =>
    client.query(`SELECT last_seen > now() - interval '1 minute' AS fresh FROM atrium.serving_code`),
  )
  expect(rows).toEqual([{ fresh: true }])
  await pools.end()
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { planMigration } from '../../../../shared/control/fleet/plan-migration.ts'
import { readTruth } from '../../../../shared/control/fleet/read-truth.ts'
import { type Migration, readMigrations } from '../../../../shared/db/migrations.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

let stage: TestStage
const base = await readMigrations('tenant')

beforeAll(async () => {
  stage = await createTestStage('control')
  for (let n = 0; n < 5; n += 1) await stage.createTenant()
  // One whose data the next migration cannot be made on.
  await stage.inSchemaOf('tenant-2', (client) => client.query("INSERT INTO products (name, price) VALUES ('x', 5)"))
})
afterAll(() => stage.end())

const next = (sql: string, more: Partial<Migration> = {}): readonly Migration[] => [
  ...base,
  { kind: 'tenant', version: base.length + 1, name: 'next', sql, checksum: 'x', transactional: true, ...more },
]
const check = next('ALTER TABLE products ADD CONSTRAINT cheap CHECK (price < 1)')
const plan = (migrations: readonly Migration[], run: { tenants?: string[]; canaries?: string[]; to?: number } = {}) =>
  planMigration(stage.control, migrations, { to: null, tenants: null, canaries: null, ...run })

it('tells who would come from where, and rehearses the canaries without changing anything', async () => {
  const before = await readTruth(stage.control)
  expect(await plan(check, { canaries: ['tenant-1', 'tenant-2'] })).toEqual({
    ...{ to: base.length + 1, tenants: 5, placements: [], refused: null, estimate_seconds: 1 },
    steps: [{ version: base.length + 1, name: 'next', transactional: true }],
    from: [{ placement: 'main', version: base.length, tenants: 5 }],
    canaries: [
      { slug: 'tenant-1', result: 'would migrate' },
      { slug: 'tenant-2', result: 'failed', error: expect.stringContaining('violated by some row') },
    ],
  })
  expect(await readTruth(stage.control)).toEqual(before)
  const { rows } = await stage.asOwner((client) =>
    client.query("SELECT count(*)::int AS n FROM pg_constraint WHERE conname = 'cheap'"),
  )
  expect(rows).toEqual([{ n: 0 }])
})

it('takes the first hundredth for canaries, one at least, and only the tenants that are named', async () => {
  expect((await plan(check)).canaries.map(({ slug }) => slug)).toEqual(['tenant-1'])
  const narrowed = await plan(check, { tenants: ['tenant-3', 'tenant-4'] })
  expect(narrowed).toMatchObject({ tenants: 2, canaries: [{ slug: 'tenant-3' }] })
})

it('has nothing to rehearse when there is nothing to do, or nothing that could be rolled back', async () => {
  expect(await plan(base)).toMatchObject({ tenants: 0, steps: [], from: [], canaries: [], estimate_seconds: null })
  const outside = next('CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON products (price)', { transactional: false })
  expect(await plan(outside)).toMatchObject({ tenants: 5, canaries: [{ result: 'would migrate' }] })
})

it('refuses a version and a tenant that there are not', async () => {
  await expect(plan(base, { to: 99 })).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(plan(base, { canaries: ['nobody'] })).rejects.toMatchObject({ code: 'tenant_unknown' })
})

it('says beforehand that a file was edited, and which placements come first', async () => {
  const edited = base.map((migration) => ({ ...migration, checksum: 'edited' }))
  expect((await plan(edited)).refused).toContain('is not what it was when it was applied')
  await stage.asOwner((client) =>
    client.query(`DELETE FROM atrium.migrations WHERE kind = 'placement' AND version = 4`),
  )
  expect(await plan(check)).toMatchObject({ placements: ['main'], canaries: [], estimate_seconds: null })
  await stage.asOwner((client) =>
    client.query(
      `INSERT INTO atrium.migrations (kind, version, name, checksum) SELECT kind, 4, name, checksum FROM atrium.migrations WHERE kind = 'placement' AND version = 3`,
    ),
  )
})

it('says beforehand that a contract would be refused', async () => {
  await stage.asOwner((client) => client.query('INSERT INTO atrium.serving_code (code_version) VALUES (1)'))
  const contract = next('ALTER TABLE products DROP COLUMN description', { contractFrom: 2 })
  expect((await plan(contract)).refused).toMatch(/_next\.sql removes what code before version 2 uses/)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { readMigrations } from '../../../shared/db/migrations.ts'
import { migrateDatabase } from '../../../shared/tenancy/migrate-database.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())

it.each(['placement', 'catalog', 'tenant'] as const)(
  'reads the %s migrations in order, each with its checksum',
  async (kind) => {
    const migrations = await readMigrations(kind)
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1))
    for (const { checksum } of migrations) expect(checksum).toMatch(/^[0-9a-f]{64}$/)
  },
)

it('refuses a database migration that was edited after it was applied, by name', async () => {
  await stage.asOwner((client) =>
    client.query(`UPDATE atrium.migrations SET checksum = 'other' WHERE kind = 'catalog' AND version = 1`),
  )
  const again = stage.asOwner((client) => migrateDatabase(client, stage.names, ['placement', 'catalog']))
  await expect(again).rejects.toThrow('catalog migration 0001_tenants_and_domains.sql was edited')
})

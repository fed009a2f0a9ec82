import { afterAll, beforeAll, expect, it } from 'vitest'
import { deleteTenant } from '../../../../shared/control/delete-tenant.ts'
import { createMigrateOperation } from '../../../../shared/control/fleet/migrate-operation.ts'
import { readTruth } from '../../../../shared/control/fleet/read-truth.ts'
import { listTenants } from '../../../../shared/control/list-tenants.ts'
import { getOperation, startOperation } from '../../../../shared/control/operations.ts'
import { updatePlacement } from '../../../../shared/control/placements.ts'
import { purgeOperation } from '../../../../shared/control/purge-operation.ts'
import { runSlice } from '../../../../shared/control/run-operations.ts'
import { startDuePurges } from '../../../../shared/control/start-purges.ts'
import { type Migration, readMigrations } from '../../../../shared/db/migrations.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

const count = 1_000
let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('control')
  await updatePlacement(stage.control, 'main', { tenant_limit: count })
})
afterAll(() => stage.end())

it('creates, lists, migrates and purges a thousand tenants', { timeout: 300_000 }, async () => {
  for (let n = 0; n < count; n += 4) await Promise.all([0, 1, 2, 3].map(() => stage.createTenant({ domains: [] })))
  await expect(stage.createTenant({ slug: 'one-too-many' })).rejects.toMatchObject({ code: 'placements_full' })

  const listed: string[] = []
  for (let after = '0'; ; ) {
    const page = await listTenants(stage.control, { after, limit: 200 })
    listed.push(...page.map(({ slug }) => slug))
    if (page.length < 200) break
    after = page.at(-1)?.id ?? after
  }
  expect(new Set(listed).size).toBe(count)

  const base = await readMigrations('tenant')
  const next: Migration = {
    ...{ kind: 'tenant', version: base.length + 1, name: 'colour', checksum: 'next', transactional: true },
    sql: 'ALTER TABLE products ADD COLUMN colour text;',
  }
  const migrate = createMigrateOperation(async () => [...base, next])
  const kinds = new Map<string, typeof migrate | typeof purgeOperation>([
    [migrate.kind, migrate],
    [purgeOperation.kind, purgeOperation],
  ])
  const runAll = async () => {
    while ((await runSlice(stage.control, kinds, { deadline: Date.now() + 60_000 })) !== 'idle');
  }
  const everyone = { tenants: null, canaries: null, to: null, failureThreshold: 0.01 }
  const { id } = await startOperation(stage.control, migrate, { input: everyone, tenant: null, operator: 'olga' })
  await runAll()
  expect(await getOperation(stage.control, id)).toMatchObject({
    state: 'succeeded',
    result: { migrated: count, failed: [] },
  })
  expect(await readTruth(stage.control)).toEqual(new Map([[base.length + 1, count]]))

  for (let n = 0; n < count; n += 4) {
    await Promise.all(listed.slice(n, n + 4).map((slug) => deleteTenant(stage.control, slug, new Date().toISOString())))
  }
  while ((await startDuePurges(stage.control)) > 0) await runAll()
  expect(await listTenants(stage.control, { after: '0', limit: 1 })).toEqual([])
  const { rows } = await stage.asOwner((client) =>
    client.query(
      `SELECT (SELECT count(*)::int FROM pg_namespace WHERE nspname LIKE 't\\_%') AS schemas,
      (SELECT count(*)::int FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = $1::regrole
         AND r.rolname LIKE 't\\_%') AS memberships`,
      [stage.names.api],
    ),
  )
  expect(rows).toEqual([{ schemas: 0, memberships: 0 }])
})

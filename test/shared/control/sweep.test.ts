import { afterAll, beforeAll, expect, it } from 'vitest'
import { getOperation, listOperations, startOperation } from '../../../shared/control/operations.ts'
import { runSlice } from '../../../shared/control/run-operations.ts'
import { startDueSweep, sweepOperation } from '../../../shared/control/sweep-operation.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('control')
  for (const slug of ['acme', 'other', 'behind']) {
    await stage.createTenant({ slug })
    await stage.inSchemaOf(slug, (client) =>
      client.query(`INSERT INTO idempotency_keys (route, key, fingerprint, created_at)
        SELECT 'POST /orders', n::text, sha256('x'), now() - CASE WHEN n <= 2500 THEN interval '25 hours' ELSE interval '23 hours' END
        FROM generate_series(1, 2600) n`),
    )
  }
  await stage.inSchemaOf('behind', (client) => client.query('DROP TABLE idempotency_keys'))
})
afterAll(() => stage.end())

const count = async (slug: string): Promise<number> =>
  stage.inSchemaOf(
    slug,
    async (client) => (await client.query('SELECT count(*)::int AS n FROM idempotency_keys')).rows[0].n,
  )

const latest = async () =>
  (await listOperations(stage.control, { before: undefined, limit: 10 })).filter(({ kind }) => kind === 'sweep')

it('removes the keys of every tenant that are older than a day, batch by batch, and no other', async () => {
  await startDueSweep(stage.control)
  while (
    (await runSlice(stage.control, new Map([['sweep', sweepOperation]]), { deadline: Date.now() + 60_000 })) !==
    'finished'
  );
  const [swept] = await latest()
  expect(await getOperation(stage.control, swept?.id ?? '')).toMatchObject({
    ...{ state: 'succeeded', result: { tenants: 3, removed: 5_000 } },
  })
  expect([await count('acme'), await count('other')]).toEqual([100, 100])
})

it('leaves a tenant alone that is about to be copied to another placement', async () => {
  const slug = 'about-to-move'
  const { ref } = await stage.createTenant({ slug })
  await stage.inSchemaOf(slug, (client) =>
    client.query(
      `INSERT INTO idempotency_keys (route, key, fingerprint, created_at) VALUES ('r', 'k', sha256('x'), now() - interval '9 days')`,
    ),
  )
  // As a move does when it closes the place that it leaves; the catalog's status may have been read before.
  await stage.asOwner((client) =>
    client.query('DELETE FROM atrium.tenant_versions WHERE schema_name = $1', [ref.schema]),
  )
  const start = await startOperation(stage.control, sweepOperation, {
    input: { hours: 24 },
    tenant: null,
    operator: 'olga',
  })
  while (
    (await runSlice(stage.control, new Map([['sweep', sweepOperation]]), { deadline: Date.now() + 60_000 })) !==
    'finished'
  );
  expect(await getOperation(stage.control, start.id)).toMatchObject({ state: 'succeeded' })
  expect(await count(slug)).toBe(1)
})

it('begins once an hour', async () => {
  const before = (await latest()).length
  await startDueSweep(stage.control)
  expect(await latest()).toHaveLength(before)
  await stage.asOwner((client) =>
    client.query(`UPDATE catalog.operations SET created_at = now() - interval '61 minutes'`),
  )
  await startDueSweep(stage.control)
  expect(await latest()).toHaveLength(before + 1)
})

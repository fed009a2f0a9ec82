import { afterAll, beforeAll, expect, it } from 'vitest'
import { getOperation, listOperations } from '../../../shared/control/operations.ts'
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

it('begins once an hour', async () => {
  await startDueSweep(stage.control)
  expect(await latest()).toHaveLength(1)
  await stage.asOwner((client) =>
    client.query(`UPDATE catalog.operations SET created_at = now() - interval '61 minutes'`),
  )
  await startDueSweep(stage.control)
  expect(await latest()).toHaveLength(2)
})

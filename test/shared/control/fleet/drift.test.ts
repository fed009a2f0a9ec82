import { afterAll, beforeAll, expect, it } from 'vitest'
import { driftOperation } from '../../../../shared/control/fleet/drift-operation.ts'
import { getOperation, startOperation } from '../../../../shared/control/operations.ts'
import { runSlice } from '../../../../shared/control/run-operations.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('control')
  for (let n = 0; n < 4; n += 1) await stage.createTenant({ slug: `shop-${n}` })
})
afterAll(() => stage.end())

interface Drifted {
  readonly slug: string
  readonly differences: string[]
  readonly repaired: number
}

async function check(repair = false): Promise<{ checked: number; drifted: Drifted[] }> {
  const { id } = await startOperation(stage.control, driftOperation, {
    input: { repair },
    tenant: null,
    operator: 'olga',
  })
  while (
    (await runSlice(stage.control, new Map([[driftOperation.kind, driftOperation]]), {
      deadline: Date.now() + 60_000,
    })) !== 'idle'
  );
  const { state, result } = await getOperation(stage.control, id)
  expect(state).toBe('succeeded')
  return result as { checked: number; drifted: Drifted[] }
}

const change = (slug: string, text: string) => stage.inSchemaOf(slug, (client) => client.query(text))

it('finds nothing in tenants that are as the migrations made them, and leaves nothing behind', async () => {
  expect(await check()).toEqual({ checked: 4, drifted: [] })
  const { rows } = await stage.asOwner((client) =>
    client.query(`SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 't\\_template%'
      UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_template%'`),
  )
  expect(rows).toEqual([])
})

it('tells every difference in words, and repairs what is safe', async () => {
  await change('shop-1', 'DROP INDEX products_name_idx; ALTER TABLE orders DROP CONSTRAINT orders_quantity_check')
  await change(
    'shop-2',
    'ALTER TABLE products ADD COLUMN colour text; ALTER TABLE products ALTER COLUMN price DROP NOT NULL',
  )
  const schema = (await change('shop-3', 'SELECT current_schema() AS name')).rows[0].name
  await change('shop-3', `REVOKE INSERT ON orders FROM ${schema}; GRANT TRUNCATE ON products TO ${schema}`)

  const { checked, drifted } = await check()
  expect(checked).toBe(4)
  expect(drifted).toEqual([
    {
      ...{ slug: 'shop-1', repaired: 0 },
      differences: [
        expect.stringMatching(/^constraint orders\.orders_quantity_check is missing \(CHECK \(\(quantity > 0\)\)\)$/),
        expect.stringMatching(
          /^index products_name_idx is missing \(CREATE INDEX products_name_idx ON tenant\.products/,
        ),
      ],
    },
    {
      ...{ slug: 'shop-2', repaired: 0 },
      differences: [
        'column products.colour is too much',
        'column products.price is "numeric(12,2)", not "numeric(12,2) not null"',
      ],
    },
    {
      ...{ slug: 'shop-3', repaired: 0 },
      differences: [
        expect.stringMatching(/^grants on orders is ".*tenant=rwd\/.*", not ".*tenant=arwd/),
        expect.stringMatching(/^grants on products is ".*tenant=arwdD/),
      ],
    },
  ])

  const repaired = await check(true)
  expect(repaired.drifted.map(({ slug, repaired }) => [slug, repaired])).toEqual([
    ['shop-1', 1],
    ['shop-2', 0],
    ['shop-3', 2],
  ])
  const after = await check()
  expect(after.drifted.map(({ slug, differences }) => [slug, differences.length])).toEqual([
    ['shop-1', 1],
    ['shop-2', 2],
  ])
})

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createDriftOperation, driftOperation } from '../../../../shared/control/fleet/drift-operation.ts'
import { getOperation, startOperation } from '../../../../shared/control/operations.ts'
import { runSlice } from '../../../../shared/control/run-operations.ts'
import { type Migration, readMigrations } from '../../../../shared/db/migrations.ts'
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

async function check(repair = false, kind = driftOperation): Promise<{ checked: number; drifted: Drifted[] }> {
  const { id } = await startOperation(stage.control, kind, {
    input: { repair },
    tenant: null,
    operator: 'olga',
  })
  while (
    (await runSlice(stage.control, new Map([[kind.kind, kind]]), {
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

const colour: Migration = {
  ...{ kind: 'tenant', version: 0, name: 'colour', checksum: '0'.repeat(64), transactional: true },
  sql: 'ALTER TABLE products ADD COLUMN colour text;',
}
/** The drift of a fleet whose next migration brings a colour. */
const withColour = createDriftOperation(async () => {
  const own = await readMigrations('tenant')
  return [...own, { ...colour, version: own.length + 1 }]
})
const migrateToColour = (schema: string) => `ALTER TABLE ${schema}.products ADD COLUMN colour text;
  UPDATE atrium.tenant_versions SET version = version + 1 WHERE schema_name = '${schema}'`

async function untilSomebodyWaits(client: pg.ClientBase): Promise<void> {
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
  while ((await client.query(waiting)).rowCount === 0) await sleep(10)
}

it('waits for a migration before it repairs, and finds nothing to repair', async () => {
  const { schema } = (await stage.createTenant({ slug: 'migrated' })).ref
  const { checking } = await stage.asOwner(async (client) => {
    await client.query(migrateToColour(schema))
    const checking = check(true, withColour)
    await untilSomebodyWaits(client)
    return { checking }
  })
  expect((await checking).drifted.filter(({ slug }) => slug === 'migrated')).toEqual([])
})

it('looks again at a tenant that is migrated while it is looked at', async () => {
  const { schema } = (await stage.createTenant({ slug: 'overtaken' })).ref
  const superuser = new pg.Client({ ...inject('superuser'), database: stage.names.database })
  await superuser.connect()
  // Holds the look at the schemas up, behind the one at their versions.
  await superuser.query('BEGIN; LOCK TABLE pg_attrdef')
  const checking = check(false, withColour)
  await untilSomebodyWaits(superuser)
  await superuser.query(`${migrateToColour(schema)}; COMMIT`)
  await superuser.end()
  expect((await checking).drifted.filter(({ slug }) => slug === 'overtaken')).toEqual([])
})

it('does not tell of a tenant that has moved, or begun to, since it was listed', async () => {
  const { id, ref } = await stage.createTenant({ slug: 'leaving' })
  const moving = createDriftOperation(async () => {
    await stage.asOwner(async (client) => {
      await client.query("UPDATE catalog.tenants SET status = 'moving' WHERE id = $1", [id])
      await client.query('DELETE FROM atrium.tenant_versions WHERE schema_name = $1', [ref.schema])
    })
    return readMigrations('tenant')
  })
  expect((await check(false, moving)).drifted.map(({ slug }) => slug)).not.toContain('leaving')
  const isIn = (schema: string) =>
    stage.asOwner((client) =>
      client.query("UPDATE catalog.tenants SET status = 'active', schema_name = $2 WHERE id = $1", [id, schema]),
    )
  const arrived = createDriftOperation(async () => {
    await isIn(`${ref.schema}_new`)
    return readMigrations('tenant')
  })
  await isIn(ref.schema)
  expect((await check(false, arrived)).drifted.map(({ slug }) => slug)).not.toContain('leaving')
  await isIn(ref.schema)
  expect((await check()).drifted.filter(({ slug }) => slug === 'leaving')).toEqual([
    { slug: 'leaving', differences: ['the placement has no record of its version'], repaired: 0 },
  ])
})

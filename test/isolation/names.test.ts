import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkSlug, drawSchemaName } from '../../shared/tenancy/slug.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())

it('two names that fold to one are one too many: capitals, spaces, underscores and lookalikes are no slug', () => {
  for (const name of ['Acme', 'ACME', 'acme ', 'ac_me', 'aсme', 'acmé', 'acme.', '"acme"', `${'a'.repeat(41)}`]) {
    expect(() => checkSlug(name), name).toThrow('must be 3 to 40')
  }
})

it('a name that is as long as can be is not cut short by PostgreSQL, so that two of them stay two', async () => {
  const stem = 'a'.repeat(39)
  const [one, two] = [await stage.createTenant({ slug: `${stem}b` }), await stage.createTenant({ slug: `${stem}c` })]
  expect(one.ref.schema).not.toBe(two.ref.schema)
  const { rows } = await stage.asOwner((client) =>
    client.query('SELECT count(*)::int AS n FROM pg_namespace WHERE nspname IN ($1, $2)', [
      one.ref.schema,
      two.ref.schema,
    ]),
  )
  expect(rows).toEqual([{ n: 2 }])
  expect(Buffer.byteLength(drawSchemaName('a'.repeat(40)))).toBeLessThanOrEqual(63)
})

it('a schema belongs to one tenant of the catalog, whatever it is called', async () => {
  const { ref } = await stage.createTenant()
  const sharing = stage.asOwner((client) =>
    client.query(
      `INSERT INTO catalog.tenants (slug, name, placement, schema_name) VALUES ('sharing', 'Sharing', 'main', $1)`,
      [ref.schema],
    ),
  )
  await expect(sharing).rejects.toMatchObject({ code: '23505' })
})

it('no function of ours runs as its owner, unless it has a search_path of its own', async () => {
  const unsafe = () =>
    stage.asOwner(async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
           AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%')`,
      )
      return rows.map(({ name }) => name)
    })
  expect(await unsafe()).toEqual([])
  // The query would find one.
  await stage.asOwner((client) =>
    client.query("CREATE FUNCTION atrium.unsafe() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"),
  )
  expect(await unsafe()).toEqual(['atrium.unsafe()'])
})

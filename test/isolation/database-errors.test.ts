import { afterAll, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { createHandler } from '../../shared/http/create-handler.ts'
import { tenantEndpoint } from '../../shared/http/endpoint.ts'
import { eventFor, lambdaContext } from '../support/call.ts'
import { takeLogLines } from '../support/log-lines.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('api', { pinsOnPurpose: true })
  await stage.createTenant({ slug: 'acme' })
  await stage.inSchemaOf('acme', (client) =>
    client.query(`CREATE TABLE secrets_of_acme (the_column text NOT NULL UNIQUE CHECK (the_column <> 'forbidden'));
      INSERT INTO secrets_of_acme VALUES ('sesame value'); SELECT atrium.grant_table('secrets_of_acme')`),
  )
})
afterAll(() => stage.end())

it.each([
  ['a unique violation', "INSERT INTO secrets_of_acme VALUES ('sesame value')"],
  ['a missing value', 'INSERT INTO secrets_of_acme VALUES (NULL)'],
  ['a failed check', "INSERT INTO secrets_of_acme VALUES ('forbidden')"],
  ['a foreign key', 'INSERT INTO orders (product_id, quantity, unit_price) VALUES (4711, 1, 1)'],
  ['a column that there is not', 'SELECT the_other_column FROM secrets_of_acme'],
  ['a table that there is not', 'SELECT * FROM secrets_of_nobody'],
  ['a syntax error', 'SELEC the_column'],
  ['a division by zero', 'SELECT 1 / 0'],
  ['a cast', "SELECT 'sesame value'::int"],
  ['a privilege', 'TRUNCATE secrets_of_acme'],
  [
    'a message of its own',
    `DO $$BEGIN RAISE EXCEPTION 'sesame value' USING DETAIL = 'the_column', HINT = 'secrets_of_acme'; END$$`,
  ],
  ['a timeout', `SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)`],
])('%s answers without detail, table, schema or SQL', async (_, statement) => {
  const endpoint = tenantEndpoint({
    request: z.looseObject({}),
    async handle({ db }) {
      await db.withTransaction({}, async (statements) => {
        for (const each of statement.split('; SELECT').map((part, at) => (at === 0 ? part : `SELECT${part}`))) {
          await statements.write(each, [])
        }
      })
      return { status: 200 }
    },
  })
  const handler = createHandler({ 'GET /products': { endpoint, access: 'products:read' } })
  const { statusCode, body = '' } = await handler(eventFor('GET', '/products', { tenant: 'acme' }), lambdaContext())
  expect(statusCode).toBeGreaterThanOrEqual(400)
  expect(JSON.parse(body)).toMatchObject({ type: expect.stringMatching(/^\/docs\/problems#/), status: statusCode })
  const told =
    /sesame|secrets|the_column|the_other|forbidden|4711|orders|acme|select|insert|constraint|_key|t_acme|\$\$/i
  expect(body).not.toMatch(told)
  // Nor does the log tell what was in the row.
  expect(JSON.stringify(takeLogLines())).not.toContain('sesame value')
})

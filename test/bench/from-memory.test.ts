import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerFromMemory } from '../../bench/from-memory.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())

it('answers what begins so with the first answer, everything else by the server, and in the end all', async () => {
  const { ref } = await stage.createTenant({ slug: 'acme' })
  const db = openTenantDatabase(stage.pools, ref)
  const names = () => db.read('SELECT name FROM products', [])
  const count = () => db.read('SELECT count(*) FROM products', [])
  const add = () => db.write("INSERT INTO products (name, price) VALUES ('LANTERN', 1)", [])
  await add()
  const toServer = answerFromMemory('SELECT name')
  try {
    expect(await names()).toHaveLength(1)
    await add()
    expect(await names()).toHaveLength(1)
    expect(await count()).toEqual([{ count: '2' }])
  } finally {
    toServer()
  }
  expect(await names()).toHaveLength(2)
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { deleteTenant, purgeTenant } from '../../shared/control/delete-tenant.ts'
import { call, keyOf } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())

it('a purged slug that is registered anew opens nothing to the old key, while and after the old caches are warm', async () => {
  const names = { slug: 'acme', domains: ['shop.acme.com'] }
  await stage.createTenant(names)
  const old = keyOf('acme')
  const byOldKey = async () => {
    const answers = [
      await call('GET', '/products', { tenant: 'acme', credential: old }),
      await call('GET', '/products', { host: 'shop.acme.com', credential: old }),
      await call('POST', '/products', { host: 'shop.acme.com', credential: old, body: { name: 'mine', price: '1' } }),
    ]
    return answers.map(({ status }) => status)
  }
  expect(await byOldKey()).toEqual([200, 200, 201])

  const { id } = await deleteTenant(stage.control, 'acme', new Date().toISOString())
  await purgeTenant(stage.control, id)
  await stage.createTenant(names)
  await stage.inSchemaOf('acme', (client) =>
    client.query("INSERT INTO products (name, price) VALUES ('of the new one', 1)"),
  )

  // The function still has tenant and key in its memory.
  expect(await byOldKey()).toEqual([403, 403, 403])
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  expect(await byOldKey()).toEqual([401, 401, 401])
  const { body } = await call('GET', '/products', { tenant: 'acme' })
  expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['of the new one'])
})

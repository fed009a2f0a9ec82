import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { lockProduct, updateProduct } from '../../functions/products/product-queries.ts'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import { changeIfMatched, preconditionOf } from '../../shared/http/precondition.ts'
import { call } from '../support/call.ts'
import { createDirectPools } from '../support/direct-pools.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
  for (const slug of ['acme', 'other']) {
    await stage.createTenant({ slug })
    await stage.inSchemaOf(slug, (client) =>
      client.query("INSERT INTO products (name, price, created_at) VALUES ('the same', 1, '2026-01-01T00:00:00Z')"),
    )
  }
})
afterAll(() => stage.end())

const read = (target: string, seen?: string, tenant = 'acme') =>
  call('GET', target, { tenant, headers: seen === undefined ? {} : { 'if-none-match': seen } })
const change = (target: string, body: unknown, seen: string) =>
  call('PATCH', target, { tenant: 'acme', body, headers: { 'if-match': seen } })

it.each(['/products', '/products/1', '/orders'])('a GET of %s is not sent again to who has seen it', async (target) => {
  const first = await read(target)
  expect(first.headers.etag).toMatch(/^"[\w-]{27}"$/)
  for (const seen of [first.headers.etag, `W/${first.headers.etag}`, `"x", ${first.headers.etag}`, '*']) {
    const again = await read(target, seen)
    expect(again).toMatchObject({ status: 304, text: '', headers: { etag: first.headers.etag } })
    expect(again.headers['content-type']).toBeUndefined()
  }
  expect((await read(target, '"something-else"')).status).toBe(200)
})

it('is another tag once something has changed, and for another tenant with the same data', async () => {
  const first = await read('/products/1')
  const ofOther = await read('/products/1', first.headers.etag, 'other')
  expect(ofOther).toMatchObject({ status: 200, text: first.text })
  await call('PATCH', '/products/1', { tenant: 'acme', body: { price: '2' } })
  expect((await read('/products/1', first.headers.etag)).status).toBe(200)
})

it('lets a change through for who has seen the present state, whose answer has the tag of the next', async () => {
  const seen = (await read('/products/1')).headers.etag ?? ''
  const changed = await change('/products/1', { price: '3' }, seen)
  expect(changed.status).toBe(200)
  expect(changed.headers.etag).toBe((await read('/products/1')).headers.etag)
  expectProblem(await change('/products/1', { price: '4' }, seen), 412, 'precondition-failed')
  expectProblem(await change('/products/1', { price: '4' }, `W/${changed.headers.etag}`), 412, 'precondition-failed')
  expect((await read('/products/1')).body.price).toBe('3.00')
  expect((await change('/products/1', { price: '4' }, '*')).status).toBe(200)
  expectProblem(await change('/products/999', { price: '4' }, '*'), 404, 'not-found')
})

it('loses no update of two instances whose callers have seen the same: the second waits for the first, and is refused', async () => {
  const seen = (await read('/products/1')).headers.etag ?? ''
  const pools = createDirectPools(stage.connection('api'), { size: 2 })
  const tenant = await getTenant(stage.control, 'acme')
  const context = { tenant, db: openTenantDatabase(pools, tenant.ref), precondition: preconditionOf(seen, tenant.id) }
  // Both begin at once, and each takes its time between reading and writing: without a lock both would have read the same.
  const outcomes = await Promise.all(
    ['5', '6'].map((price) =>
      changeIfMatched(
        context,
        (db) => lockProduct(db, '1'),
        async (db) => {
          await sleep(200)
          return updateProduct(db, '1', { price })
        },
      ).then(
        (product) => product?.name,
        ({ code }) => code,
      ),
    ),
  )
  await pools.end()
  expect(outcomes.toSorted()).toEqual(['precondition_failed', 'the same'])
})

it('deletes only what was seen', async () => {
  const made = await call('POST', '/products', { tenant: 'acme', body: { name: 'to go', price: '1' } })
  const target = made.headers.location ?? ''
  const remove = (seen: string) => call('DELETE', target, { tenant: 'acme', headers: { 'if-match': seen } })
  expectProblem(await remove('"old"'), 412, 'precondition-failed')
  expect((await remove(made.headers.etag ?? '')).status).toBe(204)
})

it('refuses If-Match where nothing would heed it', async () => {
  const answer = await call('POST', '/products', {
    ...{ tenant: 'acme', body: { name: 'x', price: '1' }, headers: { 'if-match': '*' } },
  })
  expectProblem(answer, 400, 'invalid-request')
})

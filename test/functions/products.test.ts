import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage()
  await stage.createTenant({ slug: 'acme' })
})
afterAll(() => stage.end())

describe('POST /products', () => {
  it('answers 201 with the product and where it is', async () => {
    const answer = await call('POST', '/products', { tenant: 'acme', body: { name: 'Lantern', price: '2.5' } })
    expect(answer.body).toMatchObject({ name: 'Lantern', description: null, price: '2.50' })
    expect(answer.status).toBe(201)
    expect(answer.headers.location).toBe(`/products/${answer.body.id}`)
  })
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { createHandler } from '../../../shared/http/create-handler.ts'
import { tenantEndpoint } from '../../../shared/http/endpoint.ts'
import { eventFor, lambdaContext } from '../../support/call.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let handled = 0

const endpoint = tenantEndpoint({
  request: z.looseObject({}),
  handle: async () => {
    handled += 1
    return { status: 200 }
  },
})
const handler = createHandler({ 'GET /products': { endpoint, access: 'products:read' } }, { needsVersion: 99 })

beforeAll(async () => {
  stage = await createTestStage()
})
afterAll(() => stage.end())

const setVersions = (slug: string, copy: number, truth: number) =>
  stage.asOwner(async (client) => {
    await client.query('UPDATE catalog.tenants SET version = $2 WHERE slug = $1', [slug, copy])
    await client.query(
      'UPDATE atrium.tenant_versions v SET version = $2 FROM catalog.tenants t WHERE t.schema_name = v.schema_name AND t.slug = $1',
      [slug, truth],
    )
  })
const ask = (tenant: string) => handler(eventFor('GET', '/products', { tenant }), lambdaContext())

it('tells a tenant that is behind to wait, and lets no statement of newer code reach its schema', async () => {
  const { slug } = await stage.createTenant()
  await setVersions(slug, 98, 98)
  const answer = await ask(slug)
  expect(answer.statusCode).toBe(503)
  expect(answer.headers).toMatchObject({ 'retry-after': '30' })
  expect(JSON.parse(answer.body ?? '')).toMatchObject({ type: '/docs/problems#tenant-behind' })
  expect(handled).toBe(0)
})

it('serves a tenant whose copy in the catalog lags behind the truth, and asks for the truth once', async () => {
  const { slug } = await stage.createTenant()
  await setVersions(slug, 98, 99)
  expect((await ask(slug)).statusCode).toBe(200)
  // Were it asked again, it would be found behind.
  await setVersions(slug, 98, 98)
  expect((await ask(slug)).statusCode).toBe(200)
})

it('serves a tenant that is on the version, or past it', async () => {
  for (const version of [99, 100]) {
    const { slug } = await stage.createTenant()
    await setVersions(slug, version, version)
    expect((await ask(slug)).statusCode).toBe(200)
  }
})

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { handler } from '../../functions/tenants/handler.ts'
import { eventFor, lambdaContext, operate, operator } from '../support/call.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('control')
  await stage.createTenant({ slug: 'acme' })
})
afterAll(() => stage.end())

/** An operator's request whose function has so many milliseconds left. */
function within(milliseconds: number, routeKey: string, body?: unknown) {
  const event = eventFor('GET', '/products', { credential: null })
  const { requestContext } = event
  const method = routeKey.split(' ')[0] ?? ''
  const authorizer = { iam: { userArn: operator } }
  return handler(
    {
      ...event,
      routeKey,
      pathParameters: { slug: 'acme' },
      headers: { ...event.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      requestContext: { ...requestContext, routeKey, http: { ...requestContext.http, method }, authorizer } as never,
    },
    { ...lambdaContext(), getRemainingTimeInMillis: () => milliseconds },
  )
}

it('an operator is answered before the function is stopped, nothing is changed, and the server goes on with nothing', async () => {
  await stage.asOwner(async (client) => {
    await client.query("SELECT FROM catalog.tenants WHERE slug = 'acme' FOR UPDATE")
    const answer = await within(1_500, 'PATCH /tenants/{slug}', { name: 'Late' })
    expect(answer).toMatchObject({ statusCode: 503, body: expect.stringContaining('timed-out') })
    // The server looks once a second whether anybody still waits.
    for (;;) {
      const { rowCount } = await client.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
      if (rowCount === 0) break
      await sleep(50)
    }
  })
  expect((await operate('GET', '/tenants/acme')).body.name).not.toBe('Late')
  const { body } = await operate('GET', '/audit?limit=1')
  expect(body.items).toMatchObject([{ action: 'PATCH /tenants/{slug}', outcome: '503 timed_out' }])
  expect((await operate('PATCH', '/tenants/acme', { name: 'In time' })).status).toBe(200)
})

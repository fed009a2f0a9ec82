import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collectUsage, forgetForeignUsage } from '../../shared/control/collect-usage.ts'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { removePlacement } from '../../shared/control/placements.ts'
import { withOwnerTransaction } from '../../shared/db/owner-transaction.ts'
import { registerPlacement } from '../../shared/tenancy/register-placement.ts'
import { addPlacement } from '../support/add-placement.ts'
import { type ControlServer, startControlServer } from '../support/control-server.ts'
import { runLocal } from '../support/local-command.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let server: ControlServer

beforeAll(async () => {
  stage = await createTestStage('control')
  server = await startControlServer()
  await stage.createTenant({ slug: 'acme' })
})
afterAll(async () => {
  await server.close()
  await stage.end()
})

async function atrium(...args: readonly string[]) {
  const { accessKeyId, secretAccessKey, sessionToken } = server.credentials
  return runLocal('cli/atrium.ts', [...args, '--url', server.url], {
    ...{ AWS_REGION: 'local', AWS_ACCESS_KEY_ID: accessKeyId },
    ...{ AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken },
  }).ended()
}

async function json(...args: readonly string[]) {
  const { code, stdout, stderr } = await atrium(...args, '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

const nothing = { requests_per_second: null, burst: null, statement_ms: null, page_size: null }
const unlimited = { ...nothing, row_limit: null, storage_bytes: null }

describe('plans', () => {
  it('are made, changed, given to tenants and removed', async () => {
    expect(await json('plans', 'list')).toEqual([{ name: 'standard', tenants: 1, ...unlimited }])
    const small = { name: 'small', tenants: 0, ...unlimited, requests_per_second: 12.5, burst: 25, page_size: 100 }
    expect(await json('plans', 'add', 'small', '--rate', '12.5', '--page', '100')).toEqual(small)
    expect(await json('plans', 'set', 'small', '--page', 'none', '--rows', '5000')).toEqual({
      ...{ ...small, page_size: null, row_limit: 5_000 },
    })
    // The burst goes with the rate that it was made for, and with a rate that is lifted.
    expect(await json('plans', 'set', 'small', '--rate', '3')).toMatchObject({ requests_per_second: 3, burst: 6 })
    expect(await json('plans', 'set', 'small', '--burst', '9')).toMatchObject({ requests_per_second: 3, burst: 9 })
    expect(await json('plans', 'set', 'small', '--rate', 'none')).toMatchObject(nothing)
    expect((await atrium('tenants', 'plan', 'acme', 'small')).stdout).toBe('acme has the plan small.\n')
    expect(await json('tenants', 'show', 'acme')).toMatchObject({ plan: 'small', over_limit: null })
    expect(await json('tenants', 'create', 'born', '--name', 'Born', '--plan', 'small')).toMatchObject({
      plan: 'small',
    })
    expect((await getTenant(stage.control, 'acme')).limits.plan).toBe('small')
    expect((await atrium('plans', 'list')).stdout).toMatchInlineSnapshot(`
      "plan      tenants  requests/s  burst  statement ms  page  rows   storage bytes
      small     2                                               5,000
      standard  0
      "
    `)
    expect(await atrium('plans', 'remove', 'small')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('2 tenants'),
    })
    for (const slug of ['acme', 'born']) await atrium('tenants', 'plan', slug, 'standard')
    expect((await atrium('plans', 'remove', 'small')).stdout).toBe('There is no plan small any more.\n')
  })

  it.each([
    [['plans', 'add', 'standard'], 'There is a plan "standard" already'],
    [['plans', 'add', 'Gold'], 'lower-case letters'],
    [['plans', 'add', 'x', '--rate', 'fast'], '--rate must be a number, or none: "fast"'],
    [['plans', 'add', 'x', '--burst', '5'], 'A burst needs requests_per_second'],
    [['plans', 'add', 'x', '--page', '201'], 'page_size'],
    [['plans', 'set', 'nobodys', '--rate', '1'], 'There is no plan "nobodys"'],
    [['plans', 'set', 'standard'], 'must change at least one of requests_per_second'],
    [['plans', 'remove', 'standard'], 'is that of new tenants'],
    [['plans', 'remove', 'nobodys'], 'There is no plan "nobodys"'],
    [['tenants', 'plan', 'acme', 'nobodys'], 'There is no plan "nobodys"'],
    [['tenants', 'plan', 'nobody', 'standard'], 'There is no tenant "nobody"'],
    [['tenants', 'create', 'never', '--name', 'N', '--plan', 'nobodys'], 'There is no plan "nobodys"'],
    [['usage', 'nobody'], 'There is no tenant "nobody"'],
    [['usage', '--from', 'monday'], 'must be a day such as'],
    [['usage', '--from', '2026-02-02', '--to', '2026-02-01'], 'from is 2026-02-02, after to, 2026-02-01'],
    [['usage', '--csv', '--json'], 'JSON or CSV, not both'],
  ])('%j is refused, and changes nothing', async (words, said) => {
    const before = await json('plans', 'list')
    expect(await atrium(...words)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(said) })
    expect(await json('plans', 'list')).toEqual(before)
    expect((await atrium('tenants', 'show', 'never')).code).toBe(1)
  })
})

describe('usage', () => {
  it('is shown by the tenant, by its days, as a table, as JSON and as CSV', async () => {
    await stage.asOwner((client) =>
      client.query(`INSERT INTO atrium.usage SELECT id, d::date, 1200, 3, 1, 4567.89, 20, 99999
        FROM catalog.tenants, generate_series('2026-03-01'::date, '2026-03-02', '1 day') AS d WHERE slug = 'acme'`),
    )
    await collectUsage(stage.control, 'main')
    const range = ['--from', '2026-03-01', '--to', '2026-03-31']
    const sum = { requests: 2_400, throttled: 6, errors: 2, database_ms: 9_135.8, rows: 40, bytes: 199_998 }
    const [acme, ...others] = await json('usage', ...range)
    expect(others).toEqual([])
    expect(acme).toMatchObject({ tenant: 'acme', ...sum, stored_rows: 0, stored_bytes: expect.any(Number) })
    expect((await atrium('usage', 'acme', ...range, '--csv')).stdout).toBe(
      `day,requests,throttled,errors,database_ms,rows,bytes
2026-03-01,1200,3,1,4567.9,20,99999
2026-03-02,1200,3,1,4567.9,20,99999
`,
    )
    expect((await atrium('usage', 'acme', ...range)).stdout).toContain('4,567.9')
    expect((await atrium('usage', '--from', '2026-04-01', '--to', '2026-04-02')).stdout).toContain(
      'No tenant has asked',
    )
  })

  it('is neither doubled by a database that was restored from a copy, nor lost with a placement', async () => {
    const day = ['--from', '2026-06-01', '--to', '2026-06-01']
    await addPlacement(stage, 'restored')
    await stage.asOwner((client) => client.query("DELETE FROM catalog.placements WHERE name = 'restored'"))
    const used = (placement: string) =>
      withOwnerTransaction(stage.control.pools, placement, (client) =>
        client.query(`INSERT INTO atrium.usage VALUES (1, '2026-06-01', 700, 0, 0, 1, 1, 1)`),
      )
    await used('main')
    await used('restored')
    await forgetForeignUsage(stage.control, 'restored')
    await registerPlacement(stage.control, 'restored')
    expect(await json('usage', ...day)).toMatchObject([{ requests: 700 }])
    // What has been asked for there since counts, also when the placement goes.
    await used('restored')
    await removePlacement(stage.control, 'restored')
    expect(await json('usage', ...day)).toMatchObject([{ requests: 1_400 }])
  })

  it('outlives its tenant', async () => {
    await stage.createTenant({ slug: 'gone' })
    await stage.asOwner((client) =>
      client.query(
        `INSERT INTO atrium.usage SELECT id, '2026-05-01', 5, 0, 0, 1, 1, 1 FROM catalog.tenants WHERE slug = 'gone'`,
      ),
    )
    const { deleteTenant, purgeTenant } = await import('../../shared/control/delete-tenant.ts')
    const { id } = await deleteTenant(stage.control, 'gone', new Date().toISOString())
    await purgeTenant(stage.control, id)
    const [gone] = await json('usage', '--from', '2026-05-01', '--to', '2026-05-01')
    expect(gone).toMatchObject({ tenant: 'gone', requests: 5, stored_rows: null })
  })
})

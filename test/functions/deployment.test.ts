import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { begin, isComplete } from '../../functions/migrations/deployment.ts'
import { operationKinds } from '../../functions/operations/operation-kinds.ts'
import type { InvokeEndpoint } from '../../local/invoke-endpoint.ts'
import { migrateOperation } from '../../shared/control/fleet/migrate-operation.ts'
import { cancelOperation, listOperations, startOperation } from '../../shared/control/operations.ts'
import { runSlice } from '../../shared/control/run-operations.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { startFunctions } from '../support/functions.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let lambda: InvokeEndpoint
const bootstrapped: unknown[] = []
let requests = 0
let event: { RequestType: string; RequestId: string }

const bootstrap = async (request: unknown) => {
  bootstrapped.push(request)
  return {}
}

beforeAll(async () => {
  process.env.BOOTSTRAP_FUNCTION = 'bootstrap'
  stage = await createTestStage('control')
  await stage.createTenant({ slug: 'acme' })
  lambda = await startFunctions(stage, { bootstrap })
})
afterAll(async () => {
  await lambda.close()
  await stage.end()
})
beforeEach(() => {
  requests += 1
  event = { RequestType: 'Update', RequestId: `request-${requests}` }
  bootstrapped.splice(0)
})

const work = () => runSlice(stage.control, operationKinds, { deadline: Date.now() + 60_000 })
const runs = async () =>
  (await listOperations(stage.control, { before: undefined, limit: 50 })).filter(({ kind }) => kind === 'migrate')

it("brings the catalog's placement to life first, as often as it is asked", async () => {
  for (let n = 0; n < 2; n += 1) {
    expect(await begin({ ...event, RequestType: 'Create' })).toMatchObject({ PhysicalResourceId: 'atrium-fleet' })
  }
  expect(bootstrapped).toEqual([{ placement: 'main' }, { placement: 'main' }])
})

it('is complete when the run that it started has ended, however often it is asked meanwhile', async () => {
  const before = (await runs()).length
  expect(await isComplete(event)).toEqual({ IsComplete: false })
  expect(await isComplete(event)).toEqual({ IsComplete: false })
  expect(await runs()).toHaveLength(before + 1)
  while ((await work()) !== 'finished');
  expect(await isComplete(event)).toEqual({ IsComplete: true })
  expect(await runs()).toHaveLength(before + 1)
})

it("waits for an operator's run, and then makes its own", async () => {
  const input = { tenants: null, canaries: null, to: null, failureThreshold: 0.01 }
  const { id } = await startOperation(stage.control, migrateOperation, { input, tenant: null, operator: 'olga' })
  expect(await isComplete(event)).toEqual({ IsComplete: false })
  expect((await runs())[0]?.id).toBe(id)
  while ((await work()) !== 'finished');
  expect(await isComplete(event)).toEqual({ IsComplete: false })
  expect((await runs())[0]).toMatchObject({ started_by: `deployment ${event.RequestId}` })
  while ((await work()) !== 'finished');
  expect(await isComplete(event)).toEqual({ IsComplete: true })
})

it('fails, and the deployment with it, when the run was stopped', async () => {
  await isComplete(event)
  const [run] = await runs()
  await cancelOperation(stage.control, run?.id ?? '', ['migrate'])
  await expect(isComplete(event)).rejects.toThrow('the fleet was not migrated: the run was cancelled')
})

it('undoes nothing when the stack goes', async () => {
  const gone = { ...event, RequestType: 'Delete' }
  expect([await begin(gone), await isComplete(gone)]).toMatchObject([
    { PhysicalResourceId: 'atrium-fleet' },
    { IsComplete: true },
  ])
  expect(bootstrapped).toEqual([])
})

it('waits for a run within the hour that CloudFormation gives it, and lets a longer one go on behind the deployment', async () => {
  const { Data } = await begin({ ...event, RequestType: 'Update' })
  expect(Date.parse(Data.until) - Date.now()).toBeGreaterThan(45 * 60_000)
  expect(Date.parse(Data.until) - Date.now()).toBeLessThan(55 * 60_000)
  expect(await isComplete({ ...event, Data })).toEqual({ IsComplete: false })
  expect(await isComplete({ ...event, Data: { until: new Date(Date.now() - 1).toISOString() } })).toEqual({
    IsComplete: true,
  })
  // It is still there to be worked on, and says by number what it goes to.
  const [run] = await runs()
  expect(run).toMatchObject({ finished_at: null, input: { to: (await readMigrations('tenant')).length } })
  while ((await work()) !== 'finished');
})

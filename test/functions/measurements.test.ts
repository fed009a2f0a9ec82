import { afterAll, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { handler as worker } from '../../functions/operations/worker.ts'
import { createHandler } from '../../shared/http/create-handler.ts'
import { publicEndpoint } from '../../shared/http/endpoint.ts'
import { eventFor, lambdaContext } from '../support/call.ts'
import { takeLogLines } from '../support/log-lines.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('control')
  Object.assign(process.env, { AWS_LAMBDA_FUNCTION_NAME: 'a-function', AWS_LAMBDA_FUNCTION_VERSION: '7' })
})
afterAll(async () => {
  delete process.env.AWS_LAMBDA_FUNCTION_NAME
  await stage.end()
})

const endpoint = (handle: () => Promise<{ status: number }>) =>
  createHandler({ 'GET /health': { endpoint: publicEndpoint({ request: z.object({}), handle }), access: 'public' } })
const ask = (handler: ReturnType<typeof endpoint>) => handler(eventFor('GET', '/health'), lambdaContext())
const measured = () =>
  takeLogLines().map(({ _aws, Stage, FunctionName, FunctionVersion, ...line }) => ({ _aws, FunctionName, ...line }))

const directive = (Name: string, Dimensions: string[][]) => ({
  ...{ Namespace: 'Atrium', Dimensions, Metrics: [{ Name, Unit: 'Count' }] },
})
const byFunction = [['FunctionName']]

it('a cold start and a failure of ours are numbers of the request’s own line, and nothing else is', async () => {
  takeLogLines()
  const fine = endpoint(async () => ({ status: 200 }))
  await ask(fine)
  expect(measured()).toMatchObject([
    { FunctionName: 'a-function', ColdStarts: 1, _aws: { CloudWatchMetrics: [directive('ColdStarts', byFunction)] } },
  ])
  await ask(fine)
  expect(measured()[0]?._aws).toBeUndefined()

  await ask(
    endpoint(async () => {
      throw new Error('a fault')
    }),
  )
  expect(measured()).toMatchObject([
    {
      status: 500,
      ServerErrors: 1,
      _aws: {
        Timestamp: expect.any(Number),
        // By version as well: a canary is judged by its own.
        CloudWatchMetrics: [directive('ServerErrors', [['FunctionName'], ['FunctionName', 'FunctionVersion']])],
      },
    },
  ])
})

it('the worker measures the fleet: tenants that are behind, operations that have not ended', async () => {
  const { slug } = await stage.createTenant()
  await stage.asOwner((client) => client.query('UPDATE catalog.tenants SET version = 1 WHERE slug = $1', [slug]))
  takeLogLines()
  await worker({}, lambdaContext())
  const [fleet] = takeLogLines().filter(({ message }) => message === 'fleet')
  // The sweep that is due has just been recorded.
  expect(fleet).toMatchObject({
    ...{ TenantsBehind: 1, UnfinishedOperations: 1, Stage: 'test' },
    _aws: {
      CloudWatchMetrics: [directive('TenantsBehind', [['Stage']]), directive('UnfinishedOperations', [['Stage']])],
    },
  })
})

it('and nothing is measured where nobody reads the log so', async () => {
  delete process.env.AWS_LAMBDA_FUNCTION_NAME
  takeLogLines()
  await ask(
    endpoint(async () => {
      throw new Error('a fault')
    }),
  )
  expect(takeLogLines()[0]).not.toHaveProperty('_aws')
})

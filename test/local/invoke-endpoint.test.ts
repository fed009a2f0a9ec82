import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Invocable } from '../../local/gateway/function-pool.ts'
import { type InvokeEndpoint, startInvokeEndpoint } from '../../local/invoke-endpoint.ts'
import { invokeFunction } from '../../shared/aws/invoke-function.ts'

let endpoint: InvokeEndpoint

const pool: Invocable = {
  invoke: async (event) =>
    JSON.stringify(event) === '{"throw":true}'
      ? { error: { errorType: 'RangeError', errorMessage: 'too far', trace: [] } }
      : { result: { got: event } },
}

beforeAll(async () => {
  endpoint = await startInvokeEndpoint(new Map([['echo', pool]]), 'the-key')
})
afterAll(() => endpoint.close())

function invoke(name: string, payload: unknown, accessKeyId = 'the-key') {
  const credentials = { accessKeyId, secretAccessKey: 'local' }
  const client = new LambdaClient({ region: 'local', endpoint: endpoint.url, credentials, maxAttempts: 1 })
  return client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(payload) }))
}

it("hands the payload to the function and its answer to the SDK's client", async () => {
  const { StatusCode, FunctionError, Payload } = await invoke('echo', { a: 1 })
  expect({ StatusCode, FunctionError, payload: Payload?.transformToString() }).toEqual({
    ...{ StatusCode: 200, FunctionError: undefined, payload: '{"got":{"a":1}}' },
  })
})

it("hands over what the functions' own client sends, letters of two bytes as well", async () => {
  vi.stubEnv('AWS_REGION', 'local')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'the-key')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', endpoint.url)
  const { hasFailed, payload } = await invokeFunction('echo', { a: 'grüße' })
  expect({ hasFailed, payload }).toEqual({ hasFailed: false, payload: '{"got":{"a":"grüße"}}' })
  vi.unstubAllEnvs()
})

it("tells the function's own error from one of the call", async () => {
  const { FunctionError, Payload } = await invoke('echo', { throw: true })
  expect(FunctionError).toBe('Unhandled')
  expect(JSON.parse(Payload?.transformToString() ?? '')).toMatchObject({ errorType: 'RangeError' })
  await expect(invoke('nothing', {})).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } })
  await expect(invoke('echo', {}, 'another-key')).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
})

it("refuses what Lambda's model refuses: a name that is none, and a payload that is too large", async () => {
  await expect(invoke('not a name!', {})).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
  await expect(invoke('x'.repeat(171), {})).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
  await expect(invoke('echo', 'x'.repeat(6 * 1024 * 1024))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 413 },
  })
})

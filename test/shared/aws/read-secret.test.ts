import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type LoopbackServer, startLoopbackServer } from '../../../local/loopback-server.ts'
import { clientConfig } from '../../../shared/aws/client-config.ts'
import { createSecretsClient, readSecret } from '../../../shared/aws/read-secret.ts'

/** What Secrets Manager answers, one after the other. */
let answers: ((response: ServerResponse) => unknown)[]
let asked: number
let server: LoopbackServer

beforeEach(async () => {
  asked = 0
  server = await startLoopbackServer((_, response) => {
    asked += 1
    answers.shift()?.(response)
  })
  vi.stubEnv('AWS_REGION', 'eu-central-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIA')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', server.url)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

const found = (response: ServerResponse) => response.end('{"SecretString":"grüße"}')
const fails = (status: number, body: string) => (response: ServerResponse) => response.writeHead(status).end(body)
const read = () => readSecret(createSecretsClient(), 'login')

it('asks again after a failure of the service, a throttle and a broken connection', async () => {
  answers = [fails(500, 'no JSON'), fails(400, '{"__type":"ThrottlingException"}'), found]
  expect(await read()).toBe('grüße')
  answers = [(response) => response.destroy(), found]
  expect(await read()).toBe('grüße')
  expect(asked).toBe(5)
})

it("throws the service's own error, by its name, without asking again", async () => {
  const body = '{"__type":"com.amazonaws.secretsmanager#ResourceNotFoundException","Message":"there is none"}'
  answers = [fails(400, body)]
  await expect(read()).rejects.toMatchObject({
    ...{ name: 'ResourceNotFoundException', message: 'there is none', $metadata: { httpStatusCode: 400 } },
  })
  expect(asked).toBe(1)
})

it("asks the region's own host where the endpoint's variable is declared and empty, as in the functions' template", () => {
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', '')
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', '')
  const hostOf = (service: 'SECRETS_MANAGER' | 'LAMBDA') => clientConfig(service, {}).endpointProvider().url.host
  expect(hostOf('SECRETS_MANAGER')).toBe('secretsmanager.eu-central-1.amazonaws.com')
  vi.stubEnv('AWS_REGION', 'cn-north-1')
  expect(hostOf('LAMBDA')).toBe('lambda.cn-north-1.amazonaws.com.cn')
})

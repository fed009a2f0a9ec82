import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, expect, it } from 'vitest'
import { routes } from '../../functions/routes.ts'
import { bundleFunction } from '../../infra/bundling/bundle-function.ts'
import { bundleWaiting } from '../../infra/bundling/bundle-waiting.ts'
import { leftInVain } from '../../infra/bundling/leave-out.ts'
import { invokeOnce } from '../../local/gateway/function-pool.ts'
import type { TemplateFunction } from '../../local/gateway/read-template.ts'
import { startLoopbackServer } from '../../local/loopback-server.ts'
import { eventFor } from '../support/call.ts'

const folder = mkdtempSync(join(tmpdir(), 'atrium-bundles-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const names = [...new Set(routes.map((route) => route.function))]

it.each(names)('%s has at most 300 KB of code, and of zod none but the schemas without methods', async (name) => {
  expect(await bundleFunction(`functions/${name}/handler.ts`, join(folder, name))).toBeLessThanOrEqual(300_000)
  const { sources }: { sources: string[] } = JSON.parse(readFileSync(join(folder, name, 'index.mjs.map'), 'utf8'))
  const ofZod = sources.map((source) => /node_modules\/zod\/v4\/(\w+)\//.exec(source)?.[1]).filter(Boolean)
  expect(new Set(ofZod)).toEqual(new Set(['core', 'mini', 'locales']))
})

it.each(['domains/handler.ts', 'operations/worker.ts'])(
  '%s is the same, byte for byte, for CDK, which has all made at once and waits for it, as by itself',
  async (file) => {
    const [entry, waited, awaited] = [`functions/${file}`, join(folder, 'waited'), join(folder, 'awaited')]
    bundleWaiting(entry, waited, { readme: 'README.md' })
    await bundleFunction(entry, awaited, { readme: 'README.md' })
    for (const file of ['index.mjs', 'index.mjs.map', 'readme']) {
      expect(readFileSync(join(waited, file)).equals(readFileSync(join(awaited, file))), file).toBe(true)
    }
  },
)

it('leaves out of their packages what is in them', async () => {
  const others = ['tenants/handler.ts', 'operations/worker.ts']
  await Promise.all(others.map((file) => bundleFunction(`functions/${file}`, join(folder, file))))
  expect(leftInVain()).toEqual([])
})

it('that cannot be made says why, to who waits for it as well, and the next one is made', () => {
  expect(() => bundleWaiting('functions/nothing.ts', join(folder, 'nothing'), {})).toThrow(
    'Could not resolve "functions/nothing.ts"',
  )
  bundleWaiting('functions/health/handler.ts', join(folder, 'next'), {})
  expect(readFileSync(join(folder, 'next', 'index.mjs')).length).toBeGreaterThan(0)
})

const health = (code: string): TemplateFunction => ({
  ...{ id: 'Health', construct: 'Health', path: 'Stack/Health', code, handler: 'index.handler' },
  ...{ environment: {}, timeoutSeconds: 15, memoryMiB: 512 },
})

it('says in English what is wrong with its environment', async () => {
  const code = join(folder, 'unset')
  await bundleFunction('functions/health/handler.ts', code)
  const output = new PassThrough()
  await invokeOnce(health(code), eventFor('GET', '/health', { host: 'localhost' }), {
    ...{ requestId: 'one', output, environment: { ATRIUM_LOGIN: 'nobody' } },
  })
  const logged = await text(output.end())
  expect(logged).toContain('expected string, received undefined')
  expect(logged).toContain('ATRIUM_STAGE')
})

it("asks for its secret with the role's own credentials, by the session token too, and logs the source's lines", async () => {
  const asked: IncomingHttpHeaders[] = []
  const secrets = await startLoopbackServer((request, response) => {
    asked.push(request.headers)
    response.writeHead(400).end('{"__type":"ResourceNotFoundException"}')
  })
  const code = join(folder, 'asking')
  await bundleFunction('functions/health/handler.ts', code)
  const output = new PassThrough()
  const { outcome } = await invokeOnce(health(code), eventFor('GET', '/health', { host: 'localhost' }), {
    requestId: 'one',
    output,
    environment: {
      ...{ ATRIUM_STAGE: 'test', ATRIUM_CATALOG: 'main', ATRIUM_LOGIN: 'api', SHARED_DOMAINS: 'localhost' },
      ...{ AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url },
      ...{ AWS_ACCESS_KEY_ID: 'AKIAROLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'the-session' },
    },
  })
  await secrets.close()
  expect(outcome).toMatchObject({ result: { statusCode: 503 } })
  expect(asked[0]).toMatchObject({
    'x-amz-target': 'secretsmanager.GetSecretValue',
    'x-amz-security-token': 'the-session',
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AKIAROLE\/\d{8}\/eu-central-1\/secretsmanager\/aws4_request, SignedHeaders=.*x-amz-security-token/,
    ),
  })
  const [, line = 0, column = 0] = /[( ]shared\/db\/credentials\.ts:(\d+):(\d+)/.exec(await text(output.end())) ?? []
  const source = readFileSync('shared/db/credentials.ts', 'utf8').split('\n')
  expect(source[Number(line) - 1]?.slice(Number(column) - 1)).toMatch(/^new Error\(`secret/)
})

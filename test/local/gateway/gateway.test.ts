import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type GatewayPort, openGatewayPort } from '../../../local/gateway/gateway.ts'

/** A function that does as its query says, and answers the event it got. */
const source = `
export const handler = async (event) => {
  const { wait, header, size } = event.queryStringParameters ?? {}
  await new Promise((resolve) => setTimeout(resolve, Number(wait ?? 0)))
  if (size) return { statusCode: 200, body: 'x'.repeat(Number(size)) }
  if (header) return { statusCode: 200, headers: { location: header } }
  return { statusCode: 200, body: JSON.stringify(event) }
}`

let folder: string
let gateway: GatewayPort
const errors: string[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-gateway-'))
  writeFileSync(join(folder, 'index.mjs'), source)
  gateway = await openGatewayPort(0)
  errors.length = 0
})
afterEach(async () => {
  await gateway.close()
  rmSync(folder, { recursive: true })
})

function serve(): void {
  const echo = {
    ...{
      id: 'Echo',
      construct: 'Echo',
      path: 'Stack/Echo',
      code: folder,
      handler: 'index.handler',
      environment: {},
      timeoutSeconds: 10,
      memoryMiB: 128,
    },
  }
  gateway.serve({
    ...{
      routes: [{ method: 'GET', path: '/echo', needsIam: false, function: echo }],
      environment: {},
      output: new PassThrough(),
    },
    onFunctionError: (_, { errorType }) => errors.push(errorType),
  })
}

async function get(
  path: string,
  options: { host?: string; agent?: Agent } = {},
): Promise<IncomingMessage & { text: string }> {
  const { host = 'localhost', agent } = options
  const sent = request({ host: '127.0.0.1', port: gateway.port, path, headers: { host }, agent }).end()
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return Object.assign(response, { text })
}

it('answers 503 until there is something to serve', async () => {
  expect((await get('/echo')).statusCode).toBe(503)
  serve()
  expect((await get('/echo')).statusCode).toBe(200)
})

it('takes the host and path of a target in absolute form', async () => {
  serve()
  const event = JSON.parse((await get('http://acme.localhost/echo?a=1', { host: 'other.localhost' })).text)
  expect(event).toMatchObject({
    rawPath: '/echo',
    rawQueryString: 'a=1',
    requestContext: { domainName: 'acme.localhost' },
  })
})

it('lets requests under way finish when it closes, and takes no more', async () => {
  serve()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  await get('/echo', { agent })
  const underWay = get('/echo?wait=500', { agent: new Agent() })
  await new Promise((resolve) => setTimeout(resolve, 100))
  const closed = gateway.close()
  const late = get('/echo', { agent }).then(
    ({ statusCode }) => statusCode,
    () => 'refused',
  )
  expect((await underWay).statusCode).toBe(200)
  expect(['refused', 503]).toContain(await late)
  await closed
  await expect(get('/echo')).rejects.toThrow('ECONNREFUSED')
})

it('keeps a connection for the next request for longer than a client stands still', async () => {
  serve()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  expect((await get('/echo', { agent })).headers['keep-alive']).toBe('timeout=60')
  agent.destroy()
})

it('answers 500 for a response that HTTP cannot carry, and goes on', async () => {
  serve()
  expect((await get(`/echo?header=${encodeURIComponent('/a\r\nb')}`)).statusCode).toBe(500)
  expect((await get(`/echo?header=${encodeURIComponent('/Zoë-灯')}`)).statusCode).toBe(500)
  expect((await get('/echo')).statusCode).toBe(200)
})

it('answers 500 for a response larger than Lambda passes on', async () => {
  serve()
  expect((await get('/echo?size=6291000')).statusCode).toBe(200)
  expect((await get('/echo?size=6291556')).statusCode).toBe(500)
  expect(errors).toEqual(['Function.ResponseSizeTooLarge'])
})

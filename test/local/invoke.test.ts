import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes, scopes } from '../../functions/routes.ts'
import { openKeyRing, readRunning } from '../../local/data-folder.ts'
import { openGatewayPort } from '../../local/gateway/gateway.ts'
import { readTemplate } from '../../local/gateway/read-template.ts'
import { eventFiles, eventOf } from '../../local/invoke/event-files.ts'
import { exampleRequests, wrongRequests } from '../../local/invoke/example-requests.ts'
import { connectControlPlane } from '../../local/local-stage.ts'
import { removeCluster } from '../../local/postgres/cluster.ts'
import { createKey } from '../../shared/control/api-keys.ts'
import { provisionTenant } from '../../shared/tenancy/provision-tenant.ts'
import { type CommandResult, type RunningCommand, runLocal } from '../support/local-command.ts'

/** `npm run invoke` and `npm run event`, beside an API that `npm start` runs for two tenants. */
const data = mkdtempSync(join(tmpdir(), 'atrium-invoke-'))
chmodSync(data, 0o711) // root's server runs as another user
const events = new URL('../../events/', import.meta.url).pathname
let api: RunningCommand

beforeAll(async () => {
  api = runLocal('local/start.ts', ['--port', '0', '--no-demo', '--watch', '--data', data, '--json'])
  await api.untilPrinted(/^\{"url".*\}$/m)
  const running = await readRunning(data)
  if (running === undefined) throw new Error('nothing is running')
  const control = connectControlPlane(running)
  for (const slug of ['germany', 'france']) {
    await provisionTenant(control, { slug, name: slug, domains: [`${slug}.localhost`] })
    openKeyRing(data).set(slug, (await createKey(control, slug, { name: 'tests', scopes, expiresAt: null })).key)
  }
  await control.pools.end()
})
afterAll(async () => {
  api.child.kill('SIGINT')
  const { code, stderr } = await api.ended()
  expect({ code, watching: stderr.includes('Watching functions/ and shared/') }, stderr).toEqual({
    code: 0,
    watching: true,
  })
  await removeCluster(data)
  rmSync(data, { recursive: true, force: true })
})

function invoke(...args: readonly string[]): Promise<CommandResult> {
  return runLocal('local/invoke/invoke-command.ts', [...args, '--data', data]).ended()
}

/** Its function as a user would name it: `products` → `Products`. */
function functionFor(name: string): string {
  const example = exampleRequests[name] ?? wrongRequests[name]
  if (example === undefined) throw new Error(`no example "${name}"`)
  const folder = eventOf(example, { tenant: 'germany', way: 'header' }).function
  return folder.charAt(0).toUpperCase() + folder.slice(1)
}

describe('the events', () => {
  it('are those that the requests make, one by header and one by domain for each route', () => {
    const files = eventFiles()
    expect(globSync('**/*.json', { cwd: events }).toSorted()).toEqual([...files.keys()].toSorted())
    for (const [name, content] of files) expect(readFileSync(join(events, name), 'utf8'), name).toBe(content)
    const keys = Object.values(exampleRequests).map((each) => eventOf(each, { tenant: 'germany', way: 'header' }))
    expect(keys.map(({ event }) => event.routeKey)).toEqual(routes.map(({ method, path }) => `${method} ${path}`))
  })

  it('have the shape of what the gateway hands to a function', async () => {
    const code = mkdtempSync(join(tmpdir(), 'atrium-echo-'))
    writeFileSync(
      join(code, 'index.mjs'),
      'export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })',
    )
    const echo = {
      ...{ id: 'Echo', construct: 'Echo', path: 'Stack/Echo', code, handler: 'index.handler' },
      ...{ environment: {}, timeoutSeconds: 10, memoryMiB: 128 },
    }
    const gateway = await openGatewayPort(0)
    gateway.serve({
      routes: routes.map(({ method, path }) => ({ method, path, needsIam: false, function: echo })),
      ...{ environment: {}, output: new PassThrough().resume() },
    })
    for (const [name, content] of eventFiles()) {
      const event = JSON.parse(content)
      const { method } = event.requestContext.http
      const path = event.rawPath + (event.rawQueryString === '' ? '' : `?${event.rawQueryString}`)
      const live = await new Promise((resolve, reject) => {
        request(
          { host: '127.0.0.1', port: gateway.port, method, path, headers: event.headers, agent: false },
          (answer) => json(answer).then(resolve, reject),
        )
          .on('error', reject)
          .end(event.body)
      })
      const { connection, ...headers } = (live as typeof event).headers
      expect(shapeOf({ ...(live as object), headers }), name).toEqual(shapeOf(event))
    }
    await gateway.close()
    rmSync(code, { recursive: true })
  })

  const byLife = ['POST', 'GET', 'PATCH', 'OPTIONS', 'DELETE']
  const inOrder = Object.entries(exampleRequests).toSorted(
    ([, a], [, b]) => byLife.indexOf(a.method) - byLife.indexOf(b.method),
  )
  it.each(inOrder)('%s is answered, by header and by domain', async (name, { status }) => {
    for (const file of [`${name}.json`, `${name}.by-domain.json`]) {
      const { code, stdout, stderr } = await invoke(functionFor(name), '-e', join(events, file))
      expect({ code, status: JSON.parse(stdout).statusCode }, `${file}: ${stdout} ${stderr}`).toEqual({
        code: 0,
        status,
      })
    }
  })

  it.each(Object.entries(wrongRequests))('%s is refused', async (name, { status }) => {
    const { stdout } = await invoke(functionFor(name), '-e', join(events, 'wrong', `${name}.json`))
    const { statusCode, headers } = JSON.parse(stdout)
    expect({ statusCode, type: headers['content-type'] }).toEqual({
      statusCode: status,
      type: 'application/problem+json',
    })
  })

  it('are made for another tenant, body and path, with its key', async () => {
    const event = (...args: readonly string[]) =>
      runLocal('local/invoke/event-command.ts', [...args, '--data', data]).ended()
    const made = await event(
      'create-order',
      '--tenant',
      'france',
      '--by-domain',
      '--body',
      '{"product_id":"9"}',
      '--json',
    )
    expect(JSON.parse(made.stdout)).toMatchObject({
      ...{ routeKey: 'POST /orders', body: '{"product_id":"9"}' },
      requestContext: { domainName: 'france.localhost' },
      headers: { host: 'france.localhost', authorization: `Bearer ${openKeyRing(data).get('france')}` },
    })
    expect((await event('get-order', '--tenant', 'mars')).stderr).toMatch(
      /^error: the event needs a key of mars's, and .*keys\.json has none\n$/,
    )
    expect((await event('get-order', '--target', '/x')).stderr).toBe('error: no route serves GET /x\n')
    expect((await event('nothing')).stderr).toMatch(/^error: name one event: list-products, /)
    expect((await event('--help')).stdout).toContain('Example:')
  })
})

describe('an invocation', () => {
  const list = join(events, 'list-products.json')

  it("prints the answer alone on stdout, and Lambda's lines around the log on stderr", async () => {
    const { stdout, stderr } = await invoke('Products', '-e', list)
    expect(stdout.trim().split('\n')).toHaveLength(1)
    const [start, log, end, report] = stderr.trim().split('\n')
    const [, id] = /^START RequestId: (\S+) Version: \$LATEST$/.exec(start ?? '') ?? []
    expect(JSON.parse(log ?? '')).toMatchObject({ route: 'GET /products', tenant: 'germany', status: 200, cold: true })
    expect(end).toBe(`END RequestId: ${id}`)
    expect(report).toMatch(
      new RegExp(
        `^REPORT RequestId: ${id}\tInit Duration: [\\d.]+ ms\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 512 MB\tMax Memory Used: \\d+ MB$`,
      ),
    )
  })

  it('finds a function by its construct, its path and its logical id, in a template that is named', async () => {
    const template = join(data, 'cdk.out', 'Atrium-dev-Application.template.json')
    const { stdout } = await invoke('Products', '-t', template, '-e', list, '--json')
    const { path, memorySizeMiB, failed, log } = JSON.parse(stdout)
    expect({ path, memorySizeMiB, failed }).toEqual({
      ...{ path: 'Atrium-dev-Application/Products/Products', memorySizeMiB: 512, failed: false },
    })
    const { FunctionName: logicalId } = JSON.parse(log)
    for (const name of [path, logicalId]) {
      expect(JSON.parse((await invoke(name, '-t', template, '-e', list)).stdout), name).toMatchObject({
        statusCode: 200,
      })
    }
  })

  it("ends with 1 and Lambda's error object where the function fails", async () => {
    const { code, stdout } = await invoke('Products')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      ...{ errorType: 'TypeError', errorMessage: expect.any(String), trace: expect.any(Array) },
    })
  })

  it.each([
    ['there is no function "Nothing"; there are: ', ['Nothing']],
    ['name one FUNCTION to invoke', []],
    ['there is no template nowhere.json', ['Products', '-t', 'nowhere.json']],
    ['the event cannot be read: ENOENT', ['Products', '-e', 'nowhere.json']],
    ['the event is no JSON', ['Products', '-e', 'README.md']],
    ['README.md cannot be read as variables; expected: {"Parameters"', ['Products', '-n', 'README.md']],
    [
      'README.md has a route, an integration or a function that cannot be served locally: ',
      ['Products', '-t', 'README.md'],
    ],
    ['--parameter-overrides takes Name=value, not "A"', ['Products', '--parameter-overrides', 'A']],
  ])('says in a line: %s', async (message, args) => {
    const { code, stdout, stderr } = await invoke(...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.startsWith(`error: ${message}`), stderr).toBe(true)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('a function of any template', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atrium-template-'))
  const template = join(folder, 'Some.template.json')
  afterAll(() => rmSync(folder, { recursive: true }))

  beforeAll(() => {
    mkdirSync(join(folder, 'asset.1'))
    writeFileSync(
      join(folder, 'asset.1', 'index.mjs'),
      `export const show = async () => ({ A: process.env.A, B: process.env.B, C: process.env.C, D: process.env.D })
       export const hang = () => { console.log('pid', process.pid); return new Promise(() => setInterval(() => {}, 1000)) }`,
    )
    const described = (id: string, Handler: string, Timeout: number) => ({
      Type: 'AWS::Lambda::Function',
      Metadata: { 'aws:asset:path': 'asset.1', 'aws:asset:is-bundled': true, 'aws:cdk:path': `Some/${id}/Resource` },
      Properties: { Handler, Timeout, Environment: { Variables: { A: 'template', B: 'template', C: { Ref: 'P' } } } },
    })
    const Resources = { Show1: described('Show', 'index.show', 5), Hang1: described('Hang', 'index.hang', 1) }
    writeFileSync(template, JSON.stringify({ Parameters: { P: { Type: 'String', Default: 'default' } }, Resources }))
  })

  it("has its own variables before everybody's, those that it declares alone", async () => {
    const variables = join(folder, 'own.json')
    const show = async (content: object, ...args: readonly string[]) => {
      writeFileSync(variables, JSON.stringify(content))
      return JSON.parse((await invoke('Show', '-t', template, '-n', variables, ...args)).stdout)
    }
    expect(await show({})).toEqual({ A: 'template', B: 'template', C: 'default' })
    expect(await show({ Parameters: { A: 'all', B: 'all', D: 'all' }, Show: { B: 'own' } })).toEqual({
      ...{ A: 'all', B: 'own', C: 'default' },
    })
    expect(await show({ Show1: { A: 1 }, Show: { A: 2 } }, '--parameter-overrides', 'P=given')).toEqual({
      ...{ A: '1', B: 'template', C: 'given' },
    })
    expect(await show({}, '--parameter-overrides', 'ParameterKey=P,ParameterValue=given')).toMatchObject({ C: 'given' })
  })

  it('has no parameter but those of its template', async () => {
    for (const where of [['Show', '-t', template], ['Products']]) {
      const { code, stderr } = await invoke(...where, '--parameter-overrides', 'Nowhere=1')
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error: .*: the template has no parameter "Nowhere"; it has: \w+\n$/)
    }
  })

  it('has those of its template alone where nothing is running, and that is said', async () => {
    const { stdout, stderr } = await runLocal('local/invoke/invoke-command.ts', [
      ...['Show', '-t', template, '--data', folder],
    ]).ended()
    expect(JSON.parse(stdout)).toEqual({ A: 'template', B: 'template', C: 'default' })
    expect(stderr).toMatch(/^npm start is not running: /)
  })

  it('that outlives its timeout is stopped, and says so', async () => {
    const { code, stdout, stderr } = await invoke('Hang', '-t', template)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 1.00 seconds' },
    })
    expect(stderr).toContain('Status: no answer')
    const [, pid] = /^pid (\d+)$/m.exec(stderr) ?? []
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })
})

it('npm run dev names the file that each function is bundled from, so that a change of it can be seen', () => {
  const templates = globSync(join(data, 'cdk.out', '*.template.json')).map((file) => readTemplate(file))
  const all = templates.flatMap(({ functions, functionOf }) => functions.map(({ path }) => functionOf(path)))
  expect(all.length).toBeGreaterThan(10)
  for (const { path, entry = '' } of all) expect(existsSync(entry), `${path}: ${entry}`).toBe(true)
})

/** The rules of SAM CLI's own reader (aws-sam-cli 1.164), which cannot run everywhere that this can. */
describe('what SAM CLI reads of the templates', () => {
  const read = (stack: string) =>
    JSON.parse(readFileSync(join(data, 'cdk.out', `Atrium-dev-${stack}.template.json`), 'utf8'))
  const functionsOf = (stack: string) =>
    Object.values<{ Type: string; Metadata: Record<string, string>; Properties: Record<string, never> }>(
      read(stack).Resources,
    ).filter(({ Type, Metadata }) => Type === 'AWS::Lambda::Function' && Metadata['aws:asset:is-bundled'])

  it.each(['Application', 'Control', 'Edge'])('has the code of every function of %s, by an id of its own', (stack) => {
    const ids = functionsOf(stack).map(({ Metadata, Properties }) => {
      expect(Metadata['aws:asset:property']).toBe('Code')
      const [file] = String(Properties.Handler).split('.')
      expect(existsSync(join(data, 'cdk.out', Metadata['aws:asset:path'] ?? '', `${file}.mjs`))).toBe(true)
      const [, id, construct, resource] = (Metadata['aws:cdk:path'] ?? '').split('/')
      expect({ construct, resource }).toEqual({ construct: id, resource: 'Resource' })
      return construct
    })
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThan(0)
  })

  it('has every variable declared that is set for an invocation here: SAM CLI ignores others', () => {
    const { Parameters } = JSON.parse(readFileSync(join(data, 'env.json'), 'utf8'))
    for (const { Properties } of functionsOf('Application')) {
      const { Variables } = (Properties as { Environment?: { Variables: object } }).Environment ?? { Variables: {} }
      expect(Object.keys(Variables)).toEqual(expect.arrayContaining(Object.keys(Parameters)))
    }
  })

  it('finds this machine from inside a container by the same variables, which only their user can read', () => {
    const of = (file: string) => readFileSync(join(data, file), 'utf8')
    expect(of('env.container.json')).toContain('http://host.docker.internal:')
    expect(of('env.container.json').replaceAll('host.docker.internal', '127.0.0.1')).toBe(of('env.json'))
    for (const file of ['env.json', 'env.container.json']) expect(statSync(join(data, file)).mode & 0o777).toBe(0o600)
  })
})

/** Names and types all the way down, without the values. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}

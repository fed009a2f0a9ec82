import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../../client/create-client.ts'
import { routes } from '../../functions/routes.ts'
import { openKeyRing, readRunning } from '../../local/data-folder.ts'
import { readInvoiceLines } from '../../local/demo/invoice-lines.ts'
import { fromPence, toPence } from '../../local/demo/money.ts'
import { isFolderLocked } from '../../local/folder-lock.ts'
import { createRouteMatcher } from '../../local/gateway/match-route.ts'
import { connectControlPlane } from '../../local/local-stage.ts'
import { removeCluster } from '../../local/postgres/cluster.ts'
import type { NewApiKey } from '../../shared/control/api-keys.ts'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { withOwnerTransaction } from '../../shared/db/owner-transaction.ts'
import { expectDescribed } from '../support/described.ts'
import { type RunningCommand, runLocal } from '../support/local-command.ts'
import { noteSecret } from '../support/log-lines.ts'

/** `npm start` and `npm run demo:load` themselves, on a data folder of their own, with all of the demo data. */
const data = mkdtempSync(join(tmpdir(), 'atrium-start-'))
chmodSync(data, 0o711) // root's server runs as another user
const demoFile = new URL('../../local/demo/online-retail.csv', import.meta.url).pathname
let gateway: RunningCommand
let url: string
let port: number
let secure: { readonly port: number; readonly authority: string }

async function start(): Promise<void> {
  gateway = runLocal('local/start.ts', ['--port', '0', '--https-port', '0', '--data', data, '--json'])
  const [, json = ''] = await gateway.untilPrinted(/^(\{"url".*\})$/m)
  const ready = JSON.parse(json)
  url = ready.url
  secure = { port: ready.securePort, authority: ready.authority }
  port = Number(new URL(url).port)
}

beforeAll(start)
afterAll(async () => {
  // The functions' own log, and the demo's keys: see test/shared/no-secrets.last.ts.
  if (process.env.SUITE_LOG !== undefined)
    appendFileSync(process.env.SUITE_LOG, readFileSync(join(data, 'functions.log')))
  noteSecret(...Object.values<string>(JSON.parse(readFileSync(join(data, 'keys.json'), 'utf8'))))
  gateway.child.kill('SIGINT')
  await gateway.ended()
  await removeCluster(data)
  rmSync(data, { recursive: true, force: true })
})

async function stopWith(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
  gateway.child.kill(signal)
  await gateway.ended()
}

/** The key that a demo tenant has from the start. */
const keyOf = (slug: string) => openKeyRing(data).get(slug)

const match = createRouteMatcher(routes)
const clientOf = (slug: string) => createClient({ url, tenant: slug, key: keyOf(slug) ?? '' })

async function countOrders(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const slug of ['germany', 'france', 'lithuania', 'united-kingdom']) {
    const ids = new Set<string>()
    for await (const { id } of clientOf(slug).list('/orders', { limit: 200 })) ids.add(id)
    counts[slug] = ids.size
  }
  return counts
}

/** A request with whatever Host and headers, byte for byte; by a demo tenant's key where it names one. */
async function send(
  host: string,
  target: string,
  headers: Record<string, string | string[]> = {},
  body?: string,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: never }> {
  const method = body === undefined ? 'GET' : 'POST'
  const key = keyOf(String(headers['x-tenant'] ?? host.split('.')[0]))
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const sent = request({
    ...{ host: '127.0.0.1', port, path: target, method },
    headers: { host, ...authorization, ...headers },
  }).end(body)
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  const answer = { status: response.statusCode, headers: response.headers, body: JSON.parse(text) as never }
  // The gateway's own answers are API Gateway's, and nothing of the description's.
  const matched = match(method, target.split('?')[0] ?? '')
  if (matched !== undefined && answer.headers['x-request-id'] !== undefined) {
    expectDescribed(`${method} ${matched.route.path}`, answer)
  }
  return answer
}

describe('the first start', () => {
  it('has loaded every line that can be an order, so that the sums over the API are those of the file', async () => {
    const lines = await readInvoiceLines(demoFile)
    expect(lines).toHaveLength(10_000)
    // By rules of the test's own: sold, at a price, of a product that has a name somewhere in its country.
    const named = new Set(
      lines.filter(({ description }) => description.trim() !== '').map((line) => `${line.country}/${line.stock_code}`),
    )
    const expected = new Map<string, bigint>()
    for (const line of lines) {
      const sold = Number(line.quantity) > 0 && Number(line.unit_price) > 0
      if (!sold || !named.has(`${line.country}/${line.stock_code}`)) continue
      const total = toPence(line.unit_price) * BigInt(line.quantity)
      expected.set(line.country, (expected.get(line.country) ?? 0n) + total)
    }
    expect(expected.size).toBe(15)
    for (const [country, pence] of expected) {
      let sum = 0n
      const client = clientOf(country.toLowerCase().replace(' ', '-'))
      for await (const order of client.list('/orders')) sum += toPence(order.total_price)
      expect(fromPence(sum), country).toBe(fromPence(pence))
    }
  })

  it('keeps its passwords where only its user can read them', () => {
    expect(statSync(join(data, 'passwords.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(data, 'running.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(data, 'keys.json')).mode & 0o777).toBe(0o600)
  })
})

describe('the gateway', () => {
  it("serves a tenant on its domain and by a header, with the functions' bundled code", async () => {
    const byHost = await send(`germany.localhost:${port}`, '/products?limit=2')
    const byHeader = await send(`localhost:${port}`, '/products?limit=2', { 'x-tenant': 'germany' })
    expect(byHost.status).toBe(200)
    expect(byHost.body).toEqual(byHeader.body)
    expect(byHost.body).toMatchObject({ items: [{ id: '1' }, { id: '2' }] })
    expect((await send(`france.localhost:${port}`, '/products?limit=2')).body).not.toEqual(byHost.body)
  })

  it('takes JSON, and answers what was made and where', async () => {
    const body = JSON.stringify({ product_id: '1', quantity: 2 })
    const answer = await send('germany.localhost', '/orders', { 'content-type': 'application/json' }, body)
    expect(answer.status).toBe(201)
    expect(answer.headers.location).toMatch(/^\/orders\/\d+$/)
  })

  it('refuses a tenant header that came twice', async () => {
    const twice = await send('localhost', '/products', { 'x-tenant': ['germany', 'france'] })
    expect(twice.status).toBe(400)
    expect(twice.body).toMatchObject({ type: '/docs/problems#tenant-name-malformed' })
  })

  it('answers as API Gateway does where there is no route, and for headers and bodies beyond its limits', async () => {
    expect(await send('localhost', '/nowhere')).toMatchObject({ status: 404, body: { message: 'Not Found' } })
    const large = await send('localhost', '/products', {}, 'x'.repeat(10 * 1024 * 1024 + 1))
    expect(large).toMatchObject({ status: 413, body: { message: 'Request Entity Too Large' } })
    const long = request({ host: '127.0.0.1', port, headers: { 'x-long': 'x'.repeat(11_000) } }).end()
    const [response] = await once(long, 'response')
    expect(response.statusCode).toBe(431)
    response.resume()
  })

  it('serves a hundred requests at once, each to its tenant', async () => {
    const names = ['germany', 'france', 'norway', 'japan']
    const first = new Map(
      await Promise.all(
        names.map(async (name) => [name, (await send(`${name}.localhost`, '/products?limit=5')).body] as const),
      ),
    )
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const name = names[n % names.length] ?? ''
        expect((await send(`${name}.localhost`, '/products?limit=5')).body).toEqual(first.get(name))
      }),
    )
  })
})

describe('one clear line answers', () => {
  it.each([
    [
      'a second start on the same data',
      () => ['--port', '0', '--data', data],
      'Atrium is running on this data already, at http://localhost:',
    ],
    [
      'a port that is no number',
      () => ['--port', 'http', '--data', join(data, 'other')],
      'the port must be a number from 0 to 65535, not "http"',
    ],
    ['an option that there is not', () => ['--prot', '1'], "Unknown option '--prot'"],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await runLocal('local/start.ts', args()).ended()
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain(message)
  })

  it('a port in use', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const { port: taken } = squatter.address() as { port: number }
    const other = mkdtempSync(join(tmpdir(), 'atrium-start-'))
    const { code, stderr } = await runLocal('local/start.ts', ['--data', other], { PORT: String(taken) }).ended()
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: port ${taken} is in use: choose another with --port\n`,
    })
    squatter.close()
    rmSync(other, { recursive: true })
  })

  it('demo:load without a file, without a gateway, and with a file of other columns', async () => {
    const load = (...args: string[]) => runLocal('local/demo/load-command.ts', args).ended()
    expect(await load('--data', data)).toMatchObject({ code: 1, stderr: 'error: name one FILE to load; see --help\n' })
    const empty = mkdtempSync(join(tmpdir(), 'atrium-start-'))
    expect((await load(demoFile, '--data', empty)).stderr).toBe(
      'error: the API is not running on this machine: start it with npm start\n',
    )
    const file = join(empty, 'other.csv')
    writeFileSync(file, 'a,b\n1,2\n')
    expect((await load(file, '--data', data)).stderr).toContain('Expected the columns invoice_no, stock_code')
    expect((await load(join(empty, 'none.csv'), '--data', data)).stderr).toContain('ENOENT')
    rmSync(empty, { recursive: true })
  })
})

describe('the atrium command', () => {
  const atrium = (...args: string[]) => runLocal('cli/atrium.ts', [...args, '--data', data]).ended()

  /** Makes a key, with which requests to `<name>.localhost` are sent from now on. */
  async function makeKey(slug: string, name = slug): Promise<NewApiKey> {
    const made: NewApiKey = JSON.parse((await atrium('keys', 'create', slug, '--name', 'tests', '--json')).stdout)
    openKeyRing(data).set(name, made.key)
    return made
  }

  it('takes a tenant through its life, as the control plane and the API show it', async () => {
    const served = async () => (await send('acme.localhost', '/products')).status
    const create = () => atrium('tenants', 'create', 'acme', '--name', 'Acme Ltd')
    expect(await create()).toMatchObject({ code: 0, stdout: 'acme is made and active.\n' })
    expect((await create()).stdout).toBe('acme was there already, active.\n')
    expect(await served()).toBe(401)
    await makeKey('acme')
    expect(await served()).toBe(200)
    expect((await atrium('tenants', 'rename', 'acme', 'Acme & Sons')).stdout).toBe('acme is called Acme & Sons.\n')
    expect(JSON.parse((await atrium('tenants', 'show', 'acme', '--json')).stdout)).toMatchObject({
      slug: 'acme',
      name: 'Acme & Sons',
    })
    expect((await atrium('tenants', 'suspend', 'acme')).code).toBe(0)
    expect(await served()).toBe(403)
    expect((await atrium('tenants', 'list', '--status', 'suspended')).stdout).toMatch(
      /^slug .*\nacme +Acme & Sons +suspended/,
    )
    await atrium('tenants', 'resume', 'acme')
    await atrium('tenants', 'delete', 'acme')
    expect(await served()).toBe(403)
    expect((await atrium('tenants', 'restore', 'acme')).code).toBe(0)
    expect(await atrium('tenants', 'delete', 'acme', '--now')).toMatchObject({
      code: 1,
      stderr: 'error: give the slug again with --confirm\n',
    })
    expect(await atrium('tenants', 'delete', 'acme', '--now', '--confirm', 'acme')).toMatchObject({
      code: 0,
      stdout: 'purge: done. purged: acme\n',
    })
    expect(await atrium('tenants', 'show', 'acme')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no tenant "acme". (404'),
    })

    const audit = JSON.parse((await atrium('audit', '--json')).stdout)
    expect(audit[0]).toMatchObject({
      action: 'DELETE /tenants/{slug}',
      target: '/tenants/acme',
      outcome: '202',
      principal: expect.stringContaining(':user/'),
    })
  })

  it('makes keys, shows their use, rotates and revokes them', async () => {
    const { key, key_id } = await makeKey('norway')
    const status = async (bearer: string) =>
      (await send('norway.localhost', '/products', { authorization: `Bearer ${bearer}` })).status
    expect(await status(key)).toBe(200)
    expect((await send('germany.localhost', '/products', { authorization: `Bearer ${key}` })).status).toBe(403)
    const listed = (await atrium('keys', 'list', 'norway')).stdout
    expect(listed).toMatch(
      new RegExp(`${key_id} +tests +active +products:read .* never +\\d{4}-\\d\\d-\\d\\dT\\d\\d:00:00Z`),
    )
    expect(listed).not.toContain(key)
    const rotated: NewApiKey = JSON.parse((await atrium('keys', 'rotate', 'norway', key_id, '--json')).stdout)
    expect(await status(rotated.key)).toBe(200)
    expect((await atrium('keys', 'revoke', 'norway', rotated.key_id)).stdout).toBe(
      `key ${rotated.key_id} is revoked.\n`,
    )
    const until = Date.now() + 15_000
    while ((await status(rotated.key)) !== 401 && Date.now() < until) await sleep(200)
    expect(await status(rotated.key)).toBe(401)
    expect(await status(key)).toBe(200)
    expect(readFileSync(join(data, 'functions.log'), 'utf8')).not.toContain(key)
  })

  it('adds a placement, and a tenant in it is served like any other', async () => {
    for (const _ of ['once', 'again']) {
      expect((await atrium('placements', 'add', 'second')).stdout).toMatch(/second +0 of 500 +yes/)
    }
    expect((await atrium('tenants', 'create', 'newco', '--name', 'Newco', '--json')).stdout).toContain(
      '"placement":"second"',
    )
    await makeKey('newco')
    const body = '{"name":"In the second","price":"1"}'
    expect((await send('newco.localhost', '/products', { 'content-type': 'application/json' }, body)).status).toBe(201)
    expect((await send('newco.localhost', '/products')).body).toMatchObject({ items: [{ name: 'In the second' }] })
    expect((await atrium('fleet', 'drift')).code).toBe(0)
  })

  it('exports a tenant into a file and imports it beside', async () => {
    const file = join(data, 'france.tar.gz')
    const exported = await atrium('tenants', 'export', 'france', '--file', file, '--json')
    expect(JSON.parse(exported.stdout)).toEqual({ tenant: 'france', file, rows: 388, bytes: statSync(file).size })
    const name = ['--name', 'Copy of France', '--placement', 'second']
    expect(await atrium('tenants', 'import', file, 'france-copy', ...name)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rows: 388'),
    })
    await makeKey('france-copy')
    const all = async (host: string) => (await send(host, '/orders?limit=200')).body
    expect(await all('france-copy.localhost')).toEqual(await all('france.localhost'))
    expect(await atrium('tenants', 'import', join(data, 'passwords.json'), 'nobody', '--name', 'x')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('nothing was imported') },
    })
  })

  it('moves a tenant under load, and no acknowledged write is lost', async () => {
    const acknowledged: string[] = []
    const refused: number[] = []
    let stop = false
    const writer = async (n: number) => {
      for (let each = 0; !stop; each += 1) {
        const body = JSON.stringify({ name: `written ${n} ${each}`, price: '1' })
        const { status, body: answer } = await send(
          'germany.localhost',
          '/products',
          { 'content-type': 'application/json' },
          body,
        )
        if (status === 201) acknowledged.push((answer as { id: string }).id)
        else refused.push(status)
      }
    }
    const reader = async () => {
      while (!stop) {
        const { status } = await send('germany.localhost', '/products?limit=1')
        // Reads are served until the switch, and for its moment told to come back.
        expect([200, 503]).toContain(status)
      }
    }
    const load = Promise.all([writer(1), writer(2), writer(3), reader()])
    await sleep(300)
    const before = acknowledged.length
    expect(await atrium('tenants', 'move', 'germany', '--to', 'second')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('to: second'),
    })
    const after = acknowledged.length
    // The caches learn of it within 10 s; until then the old place refuses, and the request is resolved once more.
    while (acknowledged.length < after + 50) await sleep(20)
    stop = true
    await load
    expect(before).toBeGreaterThan(0)
    expect(new Set(refused.length === 0 ? [503] : refused)).toEqual(new Set([503]))
    const ids = new Set<string>()
    for await (const { id } of clientOf('germany').list('/products')) ids.add(id)
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
    expect(new Set(acknowledged).size).toBe(acknowledged.length)
    expect((await atrium('tenants', 'show', 'germany')).stdout).toMatch(/placement +second/)
  })

  it('migrates, and says so when there is nothing to do', async () => {
    expect((await atrium('migrate', '--dry-run')).stdout).toMatch(/^All tenants are on version \d+: nothing to do\.\n$/)
    const { code, stdout } = await atrium('migrate', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'migrate',
      state: 'succeeded',
      result: { migrated: 0, failed: [] },
    })
    expect((await atrium('fleet', 'status')).stdout).toMatch(
      /^version +tenants\n\d+ +1[567] +latest\n\nLast run: operation \d+, succeeded/,
    )
    expect((await atrium('operations', 'list')).stdout).toContain('migrate')
  })

  it('fails with exit code 1 and a line that says what was expected', async () => {
    for (const [args, message] of [
      [['tenants', 'create', 'x', '--name', 'X'], 'must be 3 to 40 lower-case letters'],
      [['tenants', 'create', 'acme'], 'give the tenant a name with --name'],
      [['tenants', 'show'], 'expected SLUG; see --help'],
      [['migrate', '--to', 'v2'], '--to must be a version such as 3, not "v2"'],
      [['tenants', 'paint'], 'there is no command "tenants paint"'],
      [['tenants', 'list', '--colour', 'red'], "Unknown option '--colour'"],
      [['tenants', 'list', '--url', 'http://127.0.0.1:9'], 'cannot be reached'],
    ] as const) {
      const { code, stderr } = await atrium(...args)
      expect(code).toBe(1)
      expect(stderr).toContain(message)
      expect(stderr).toMatch(/^error: /)
    }
  })

  it('has help with an example for every command', async () => {
    const { stdout } = await runLocal('cli/atrium.ts', ['--help']).ended()
    const names = [...stdout.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}/gm)].map(([, name]) => name ?? '')
    expect(names.length).toBeGreaterThan(14)
    const asked = names.values()
    const ask = async () => {
      for (const name of asked) {
        const help = await runLocal('cli/atrium.ts', [...name.split(' '), '--help']).ended()
        expect(help.code, name).toBe(0)
        expect(help.stdout, name).toContain(`Example: atrium ${name}`)
      }
    }
    await Promise.all([ask(), ask(), ask()])
  })
})

describe("a tenant's own name", () => {
  const atrium = (...args: string[]) => runLocal('cli/atrium.ts', [...args, '--data', data, '--json']).ended()
  const claimOf = async (domain: string) => JSON.parse((await atrium('domains', 'show', 'germany', domain)).stdout)

  /** The status by HTTPS, with a certificate that is verified; undefined for a name that gets no connection. */
  async function sendSecurely(host: string): Promise<number | undefined> {
    const sent = secureRequest({
      ...{ host: '127.0.0.1', port: secure.port, servername: host, path: '/products?limit=1' },
      ca: readFileSync(secure.authority),
      agent: false, // a connection of its own: a certificate is asked for at its beginning
      headers: { host: `${host}:${secure.port}`, authorization: `Bearer ${keyOf('germany')}` },
    }).end()
    const [response] = await once(sent, 'response').catch(() => [])
    response?.resume()
    return response?.statusCode
  }

  it('goes through to live by itself under .test, and is served by HTTPS with a certificate of its own', async () => {
    const domain = 'shop.germany.test'
    expect(await sendSecurely(domain)).toBeUndefined()
    const claimed = JSON.parse((await atrium('domains', 'add', 'germany', domain)).stdout)
    expect(claimed).toMatchObject({ domain, state: 'proof wanted', records: [{ type: 'TXT' }] })
    while ((await claimOf(domain)).state !== 'live') await sleep(500)
    expect(await sendSecurely(domain)).toBe(200)
    expect(await sendSecurely('germany.localhost')).toBe(200)
    expect(await sendSecurely('shop.france.test')).toBeUndefined()

    expect((await atrium('domains', 'remove', 'germany', domain)).code).toBe(0)
    while ((await atrium('domains', 'show', 'germany', domain)).code === 0) await sleep(500)
    expect(await sendSecurely(domain)).toBeUndefined()
  })

  it('elsewhere stays unproven: nobody has set its record', async () => {
    await atrium('domains', 'add', 'germany', 'shop.germany.example.com')
    await sleep(2_000)
    expect(await claimOf('shop.germany.example.com')).toMatchObject({
      state: 'proof wanted',
      records: [{ found: false }],
    })
    await atrium('domains', 'remove', 'germany', 'shop.germany.example.com')
  })

  it('keeps the key of its authority where only its user can read it', () => {
    expect(statSync(join(data, 'authority-key.pem')).mode & 0o777).toBe(0o600)
  })
})

it('passes the smoke test of a deployment', async () => {
  const { code, stdout } = await runLocal('cli/atrium.ts', ['smoke-test', '--data', data, '--json']).ended()
  const { tenant, tried } = JSON.parse(stdout)
  expect(tried.filter(({ passed }: { passed: boolean }) => !passed)).toEqual([])
  expect(tried).toHaveLength(12)
  expect(code).toBe(0)
  const gone = await runLocal('cli/atrium.ts', ['tenants', 'show', tenant, '--data', data]).ended()
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no tenant') })
})

describe('the local control plane', () => {
  const ask = async (headers: Record<string, string>) => {
    const running = JSON.parse(readFileSync(join(data, 'running.json'), 'utf8'))
    const { port: controlPort } = new URL(running.controlUrl)
    const token = readFileSync(running.operatorTokenFile, 'utf8')
    const all = { host: `localhost:${controlPort}`, authorization: `Bearer ${token}`, ...headers }
    const [response] = await once(
      request({ host: '127.0.0.1', port: controlPort, path: '/tenants', headers: all }).end(),
      'response',
    )
    response.resume()
    return response.statusCode
  }

  it('obeys the holder of the token, and no web page even with it', async () => {
    expect(await ask({})).toBe(200)
    expect(await ask({ authorization: 'Bearer wrong' })).toBe(403)
    expect(await ask({ authorization: '' })).toBe(403)
    expect(await ask({ origin: 'https://evil.example.com' })).toBe(403)
    expect(await ask({ origin: 'null' })).toBe(403)
    expect(await ask({ host: 'evil.example.com' })).toBe(403)
    expect(await ask({ host: 'localhost.evil.example.com' })).toBe(403)
  })

  it('keeps the token where only its user can read it', () => {
    expect(statSync(join(data, 'operator-token')).mode & 0o777).toBe(0o600)
  })
})

it('prints its help', async () => {
  for (const script of ['local/start.ts', 'local/demo/load-command.ts']) {
    const { code, stdout } = await runLocal(script, ['--help']).ended()
    expect(code).toBe(0)
    expect(stdout).toContain('--json')
    expect(stdout).toContain('Example:')
  }
})

it('loads another file, makes the tenants that are missing, and accounts for every line', async () => {
  const file = join(data, 'more.csv')
  const line = (...fields: (string | number)[]) => fields.join(',')
  writeFileSync(
    file,
    [
      'invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country',
      line(1, 22809, 'SET OF 6 T-LIGHTS SANTA', 3, '2011-01-01T09:00:00Z', '2.95', 1, 'Germany'), // known there
      line(1, 'NEW', 'A NEW THING', 1, '2011-01-01T09:00:00Z', '10.00', 1, 'Iceland'),
      line('C2', 'NEW', 'A NEW THING', -1, '2011-01-02T09:00:00Z', '10.00', 1, 'Iceland'),
      line(3, 'NEW', '', 1, '2011-01-03T09:00:00Z', '0.00', 1, 'Iceland'),
      line(4, 'BARE', '', 1, '2011-01-03T09:00:00Z', '1.00', 1, 'Iceland'),
      line(5, 'NEW', 'A NEW THING', 1, 'yesterday', '1.00', 1, 'Iceland'),
      line(6, 'NEW', 'A NEW THING', 1, '2011-01-03T09:00:00Z', '1.00', 1, '??'),
      line(7, 'NEW', 'A NEW THING', 99999999999, '2011-01-03T09:00:00Z', '1.00', 1, 'Iceland'),
    ].join('\n'),
  )
  const { code, stdout } = await runLocal('local/demo/load-command.ts', [file, '--data', data, '--json']).ended()
  expect(code).toBe(0)
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({
    ...{ lines: 8, loaded: 2 },
    tenants: [
      { slug: 'germany', created: false, products: 0, orders: 1, total: '8.85', totalOverApi: '8.85' },
      { slug: 'iceland', created: true, products: 1, orders: 1, total: '10.00', totalOverApi: '10.00' },
    ],
  })
  expect(new Set(report.refused.map(({ reason }: { reason: string }) => reason))).toEqual(
    new Set([
      'a return: quantity below 1',
      'a price of 0 or below',
      'no product name',
      expect.stringContaining('body.order_date'),
      'body.quantity must be at most 2147483647',
      expect.stringContaining('no tenant'),
    ]),
  )
  const refused = report.refused.reduce((sum: number, { lines }: { lines: number }) => sum + lines, 0)
  expect(report.loaded + refused).toBe(report.lines)
})

it('goes on with a load that was cut short: nothing is missing, nothing is there twice', async () => {
  const before = await countOrders()
  // As if the first start had been stopped in the middle: the state says so, and some orders are not there.
  await stopWith('SIGINT')
  writeFileSync(join(data, 'demo.json'), '{"state":"loading"}')
  await start()
  expect(await countOrders()).toEqual(before)
  expect(JSON.parse(readFileSync(join(data, 'demo.json'), 'utf8'))).toEqual({ state: 'loaded' })
})

it('brings tenants that earlier code has made to what this code needs, at the next start', async () => {
  const running = await readRunning(data)
  if (running === undefined) throw new Error('nothing is running')
  const control = connectControlPlane(running)
  const { ref } = await getTenant(control, 'norway')
  await withOwnerTransaction(control.pools, ref.placement, (client) =>
    client.query(`DROP TABLE ${ref.schema}.idempotency_keys;
      REVOKE USAGE ON SEQUENCE ${ref.schema}.orders_id_seq FROM ${ref.schema};
      UPDATE atrium.tenant_versions SET version = 1 WHERE schema_name = '${ref.schema}'`),
  )
  await control.pools.end()
  await stopWith('SIGINT')
  await start()
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'once' }
  const order = () => send('norway.localhost', '/orders', headers, '{"product_id":"1","quantity":1}')
  const first = await order()
  expect(first.status).toBe(201)
  expect((await order()).body).toEqual(first.body)
})

it('keeps the data at Ctrl-C, however often it is pressed, and serves them again at the next start', async () => {
  const before = (await send('germany.localhost', '/orders?limit=200')).body
  gateway.child.kill('SIGINT')
  await sleep(20)
  gateway.child.kill('SIGINT')
  expect((await gateway.ended()).code).toBe(0)
  expect(readFileSync(join(data, 'postgres.log'), 'utf8')).toContain('database system is shut down')
  expect(existsSync(join(data, 'running.json'))).toBe(false)

  await start()
  expect((await send('germany.localhost', '/orders?limit=200')).body).toEqual(before)
})

it('leaves a start that was a moment earlier alone', async () => {
  await stopWith('SIGINT')
  const first = start()
  while (!(await isFolderLocked(data))) await sleep(10)
  const second = await runLocal('local/start.ts', ['--port', '0', '--data', data]).ended()
  await first
  expect(second.code).toBe(1)
  expect(second.stderr).toMatch(/^error: Atrium is running on this data already/)
  expect((await send('germany.localhost', '/health')).status).toBe(200)
})

it('is started again after it was killed, on the same data, with the database that it left running', async () => {
  const before = (await send('germany.localhost', '/orders?limit=200')).body
  await stopWith('SIGKILL')
  await start()
  expect((await send('germany.localhost', '/orders?limit=200')).body).toEqual(before)
})

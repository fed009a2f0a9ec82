import { randomBytes } from 'node:crypto'
import { CommandError } from '../../local/command-line.ts'
import { defaultDataFolder, readRunning } from '../../local/data-folder.ts'
import { type Command, type CommandCall, takeArguments } from '../command.ts'
import { followOperation } from '../follow-operation.ts'

/** What was tried, and what came of it. */
interface Tried {
  readonly what: string
  readonly passed: boolean
  readonly detail: string
}

interface Answered {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: each trial knows what its route answers
  readonly body: any
}

type Ask = (
  method: string,
  path: string,
  options?: { key?: string | undefined; body?: unknown; once?: string },
) => Promise<Answered>

export const smokeTestCommands: readonly Command[] = [
  {
    name: 'smoke-test',
    usage: '[--api URL]',
    summary:
      'Tries a deployment out as a tenant would: makes one, orders, reads, and purges it again, whatever failed.',
    example: 'atrium smoke-test --api https://api.example.com',
    options: { api: { type: 'string' } },
    async run(call) {
      takeArguments(call)
      const slug = `smoke-${randomBytes(4).toString('hex')}`
      const ask = askAs(await findApi(call), slug)
      const tried: Tried[] = []
      const tell = (what: string, passed: boolean, detail: string): void => {
        tried.push({ what, passed, detail })
        if (!call.json) process.stderr.write(`${passed ? '✓' : '✗'} ${what}: ${detail}\n`)
        if (!passed) throw new CommandError(`the smoke test failed: ${what}: ${detail}`)
      }
      try {
        await tryOut(call, slug, ask, tell)
      } finally {
        if (call.json) console.log(JSON.stringify({ tenant: slug, tried }))
      }
      if (!call.json) console.log(`${tried.length} of ${tried.length} as they should be.`)
    },
  },
]

type Tell = (what: string, passed: boolean, detail: string) => void

async function tryOut({ client, ...call }: CommandCall, slug: string, ask: Ask, tell: Tell): Promise<void> {
  const expectStatus = async (what: string, expected: number, work: Promise<Answered>): Promise<Answered['body']> => {
    const { status, body } = await work
    tell(
      what,
      status === expected,
      status === expected ? String(status) : `${status}, not ${expected}: ${detailOf(body)}`,
    )
    return body
  }
  await expectStatus('a tenant is made', 201, client.send('POST', '/tenants', { slug, name: 'Smoke test' }))
  try {
    const made = client.send('POST', `/tenants/${slug}/keys`, { name: 'smoke test' })
    const { key } = await expectStatus('it gets a key', 201, made)
    await expectStatus('nobody reads without one', 401, ask('GET', '/products'))

    const smoke = { name: 'Smoke', description: 'made by a smoke test', price: '1.25' }
    const product = await expectStatus('a product is made', 201, ask('POST', '/products', { key, body: smoke }))
    const order = { key, once: randomBytes(8).toString('hex'), body: { product_id: product.id, quantity: 4 } }
    const first = await expectStatus('it is ordered', 201, ask('POST', '/orders', order))
    const again = await expectStatus('the order is sent again', 201, ask('POST', '/orders', order))
    tell('it is the same one', again.id === first.id, `${again.id}, as ${first.id}`)
    const read = await expectStatus('it is read', 200, ask('GET', `/orders/${first.id}`, { key }))
    tell('it has its price', read.total_price === '5.00', `4 × 1.25 = ${read.total_price}`)
    const list = await expectStatus('orders are listed', 200, ask('GET', '/orders', { key }))
    tell('there is no other', list.items.length === 1, `${list.items.length}`)
  } finally {
    const purge = await client.send('DELETE', `/tenants/${slug}?purge=${slug}`)
    await followOperation({ ...call, client }, purge.body.id, 'quietly')
    tell('the tenant is purged', true, `operation ${purge.body.id}`)
  }
}

/** Requests of the tenant, on the shared domain. */
function askAs(api: string, slug: string): Ask {
  return async (method, path, { key, body, once } = {}) => {
    const response = await fetch(new URL(path, api), {
      method,
      headers: {
        'x-tenant': slug,
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(once === undefined ? {} : { 'idempotency-key': once }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    }).catch((error: Error) => {
      throw new CommandError(
        `${api} cannot be reached: ${error.cause instanceof Error ? error.cause.message : error.message}`,
      )
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}

async function findApi({ options }: CommandCall): Promise<string> {
  const { api, data } = options
  if (typeof api === 'string') {
    if (!URL.canParse(api)) throw new CommandError(`--api ${api} is no URL: give one such as https://api.example.com`)
    return api
  }
  const running = await readRunning(typeof data === 'string' ? data : defaultDataFolder)
  if (running === undefined) throw new CommandError("name the tenants' API with --api; nothing runs on this machine")
  return running.url
}

function detailOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'detail' in body ? String(body.detail) : 'no detail'
}

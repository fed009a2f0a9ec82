import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { createClient, ProblemError } from '../../client/create-client.ts'
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
      const api = await findApi(call)
      const tried: Tried[] = []
      const tell = (what: string, passed: boolean, detail: string): void => {
        tried.push({ what, passed, detail })
        if (!call.json) process.stderr.write(`${passed ? '✓' : '✗'} ${what}: ${detail}\n`)
        if (!passed) throw new CommandError(`the smoke test failed: ${what}: ${detail}`)
      }
      try {
        await tryOut(call, { api, slug }, tell)
      } finally {
        if (call.json) console.log(JSON.stringify({ tenant: slug, tried }))
      }
      if (!call.json) console.log(`${tried.length} of ${tried.length} as they should be.`)
    },
  },
]

type Tell = (what: string, passed: boolean, detail: string) => void

/** What an operator's call answers, as far as the smoke test needs it. */
const madeKey = z.object({ key: z.string() })
const begunOperation = z.object({ id: z.string() })

async function tryOut(
  { client: control, ...call }: CommandCall,
  { api, slug }: { readonly api: string; readonly slug: string },
  tell: Tell,
): Promise<void> {
  const ask = async <Result extends { readonly status: number } | { readonly response: Response }>(
    what: string,
    expected: number,
    work: Promise<Result>,
  ): Promise<Result> => {
    const result = await work.catch((error: unknown) => {
      tell(what, false, reasonOf(error, api))
      throw error
    })
    const { status } = 'response' in result ? result.response : result
    tell(what, status === expected, status === expected ? `${status}` : `${status}, not ${expected}`)
    return result
  }
  // Once each: what fails now and then is not as it should be.
  const connect = (key?: string) =>
    createClient({ url: api, tenant: slug, tries: 1, ...(key !== undefined && { key }) })

  await ask('a tenant is made', 201, control.send('POST', '/tenants', { slug, name: 'Smoke test' }))
  try {
    const sent = control.send('POST', `/tenants/${slug}/keys`, { name: 'smoke test' })
    const { key } = madeKey.parse((await ask('it gets a key', 201, sent)).body)
    const refused = await connect()
      .GET('/products')
      .catch((error: unknown) => error)
    const isRefused = refused instanceof ProblemError && refused.problem.type === '/docs/problems#unauthenticated'
    tell('nobody reads without one', isRefused, isRefused ? '401' : reasonOf(refused, api))

    const tenant = connect(key)
    const smoke = { name: 'Smoke', description: 'made by a smoke test', price: '1.25' }
    const { data: product } = await ask('a product is made', 201, tenant.POST('/products', { body: smoke }))
    const header = { 'idempotency-key': randomBytes(8).toString('hex') }
    const order = { params: { header }, body: { product_id: product?.id ?? '', quantity: 4 } }
    const { data: first } = await ask('it is ordered', 201, tenant.POST('/orders', order))
    const again = await ask('the order is sent again', 201, tenant.POST('/orders', order))
    const isReplayed = again.data?.id === first?.id && again.response.headers.get('idempotency-replayed') === 'true'
    tell('it is the same one', isReplayed, `${again.data?.id}, as ${first?.id}`)
    const found = tenant.GET('/orders/{id}', { params: { path: { id: first?.id ?? '' } } })
    const { data: read } = await ask('it is read', 200, found)
    tell('it has its price', read?.total_price === '5.00', `4 × 1.25 = ${read?.total_price}`)
    const { data: list } = await ask('orders are listed', 200, tenant.GET('/orders'))
    tell('there is no other', list?.items.length === 1, `${list?.items.length}`)
  } finally {
    await purge({ ...call, client: control }, slug).then(
      (id) => tell('the tenant is purged', true, `operation ${id}`),
      (error: unknown) => tell('the tenant is purged', false, error instanceof Error ? error.message : String(error)),
    )
  }
}

/** Removes the tenant, and answers the id of the operation that has done it. */
async function purge(call: CommandCall, slug: string): Promise<string> {
  const { body } = await call.client.send('DELETE', `/tenants/${slug}?purge=${slug}`)
  const { id } = begunOperation.parse(body)
  await followOperation(call, id, 'quietly')
  return id
}

/** What an answer, or none, says of itself. */
function reasonOf(error: unknown, api: string): string {
  if (!(error instanceof Error)) return 'it was answered'
  const cause = error instanceof TypeError ? error.cause : undefined
  return cause instanceof Error ? `${api} cannot be reached: ${cause.message}` : error.message
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

import {
  type Client,
  createClient,
  dataOf,
  type Order,
  type Problem,
  ProblemError,
} from '../../client/create-client.ts'
import { AppError } from '../../shared/errors.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import { provisionTenant } from '../../shared/tenancy/provision-tenant.ts'
import type { KeyRing } from '../data-folder.ts'
import { demoKey } from './demo-key.ts'
import type { InvoiceLine } from './invoice-lines.ts'
import { fromPence, toPence } from './money.ts'

/** What became of a file: `loaded` and the refused lines add up to `lines`. */
export interface LoadReport {
  readonly lines: number
  readonly loaded: number
  readonly refused: readonly { readonly reason: string; readonly lines: number }[]
  readonly tenants: readonly TenantReport[]
}

export interface TenantReport {
  readonly slug: string
  readonly name: string
  readonly created: boolean
  readonly products: number
  readonly orders: number
  /** The sum of the loaded orders' totals, computed from the file. */
  readonly total: string
  /** The same as the API tells it: what its orders summed to after the load, less what they did before. */
  readonly totalOverApi: string
}

export interface LoadOptions {
  /** The API's shared domain. */
  readonly url: string
  readonly control: ControlPlane
  /** Where the tenants' keys are kept. */
  readonly keys: KeyRing
  /** Whether orders that an earlier run placed are found again instead of placed twice. */
  readonly resume: boolean
  /** Called for each line that is dealt with. */
  onLine(): void
}

/** As large as a page can be. */
const pageSize = 200

/** Requests under way at once; the gateway runs up to 10 processes a function. */
const concurrency = 8

type Refuse = (reason: string, lines?: number) => void

/**
 * Loads invoice lines through the HTTP API at `url`, as a client would: a tenant per country, a product per stock code,
 * an order per line. Lines that the API refuses are counted by its reason. Throws when the API fails, or when the
 * loaded orders do not sum over the API to what was sent.
 */
export async function loadInvoices(lines: readonly InvoiceLine[], options: LoadOptions): Promise<LoadReport> {
  const refused = new Map<string, number>()
  const refuse: Refuse = (reason, count = 1) => {
    refused.set(reason, (refused.get(reason) ?? 0) + count)
    for (let line = 0; line < count; line += 1) options.onLine()
  }

  const tenants: TenantReport[] = []
  for (const [country, ofCountry] of Map.groupBy(lines, (line) => line.country)) {
    const slug = slugOf(country)
    const created = await createTenant(options.control, slug, country)
    if (created instanceof AppError) {
      refuse(`no tenant: ${created.message}`, ofCountry.length)
      continue
    }
    const key = await demoKey(options.control, options.keys, { slug, created })
    const client = createClient({ url: options.url, tenant: slug, key })
    const loaded = await loadTenant(client, ofCountry, options, refuse)
    const totalOverApi = fromPence(await sumOrders(client, loaded.orderIds))
    const total = fromPence(loaded.pence)
    if (totalOverApi !== total) {
      throw new Error(`${slug}: orders of ${total} were loaded, but the API shows ${totalOverApi}`)
    }
    const { products, orderIds } = loaded
    tenants.push({ slug, name: country, created, products, orders: orderIds.size, total, totalOverApi })
  }
  return {
    lines: lines.length,
    loaded: tenants.reduce((sum, tenant) => sum + tenant.orders, 0),
    refused: [...refused].map(([reason, count]) => ({ reason, lines: count })),
    tenants,
  }
}

/** `United Kingdom` → `united-kingdom` */
export function slugOf(country: string): string {
  return country
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
}

async function createTenant(control: ControlPlane, slug: string, name: string): Promise<boolean | AppError> {
  try {
    return (await provisionTenant(control, { slug, name, domains: [] })).created
  } catch (error) {
    if (error instanceof AppError && error.code !== 'unavailable' && error.code !== 'internal') return error
    throw error
  }
}

/** The sum of the totals of these orders, as the API tells them: others may be placed meanwhile. */
async function sumOrders(client: Client, ids: ReadonlySet<string>): Promise<bigint> {
  let pence = 0n
  for await (const order of client.list('/orders', { limit: pageSize }))
    if (ids.has(order.id)) pence += toPence(order.total_price)
  return pence
}

interface LoadedTenant {
  readonly products: number
  readonly orderIds: ReadonlySet<string>
  readonly pence: bigint
}

async function loadTenant(
  client: Client,
  lines: readonly InvoiceLine[],
  { resume, onLine }: LoadOptions,
  refuse: Refuse,
): Promise<LoadedTenant> {
  const productIds = new Map<string, string>()
  for await (const product of client.list('/products', { limit: pageSize }))
    productIds.set(product.description ?? '', product.id)
  const placed = resume ? await findPlaced(client) : new Map<string, string[]>()

  let products = 0
  const orderable: { productId: string; line: InvoiceLine }[] = []
  await forEach(
    Map.groupBy(lines, (line) => line.stock_code),
    async ([stockCode, ofProduct]) => {
      const description = `Stock code ${stockCode}`
      let productId = productIds.get(description)
      if (productId === undefined) {
        const product = {
          name: ofProduct.find((line) => line.description.trim() !== '')?.description ?? '',
          description,
          price: ofProduct.find((line) => Number(line.unit_price) > 0)?.unit_price ?? '0.00',
        }
        const made = await unlessRefused(dataOf(client.POST('/products', { body: product })))
        if (made instanceof ProblemError) return refuse(reasonOf(made.problem), ofProduct.length)
        productId = made.id
        products += 1
      }
      for (const line of ofProduct) orderable.push({ productId, line })
    },
  )

  const orderIds = new Set<string>()
  let pence = 0n
  await forEach(orderable, async ({ productId, line }) => {
    const { unit_price, invoice_date } = line
    const order = { product_id: productId, quantity: Number(line.quantity), unit_price, order_date: invoice_date }
    let id = placed.get(keyOf(order))?.pop()
    if (id === undefined) {
      const made = await unlessRefused(dataOf(client.POST('/orders', { body: order })))
      if (made instanceof ProblemError) return refuse(reasonOf(made.problem, line))
      id = made.id
    }
    orderIds.add(id)
    pence += toPence(unit_price) * BigInt(line.quantity)
    onLine()
  })
  return { products, orderIds, pence }
}

/** What was made, or the API's refusal. That it fails, or knows the key no more, is thrown: it is nothing of the line's. */
async function unlessRefused<Made>(answer: Promise<Made>): Promise<Made | ProblemError> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ProblemError && error.status < 500 && error.status !== 401) return error
    throw error
  }
}

/** The ids of the orders there are, by what a line says of its order. Two lines may say the same. */
async function findPlaced(client: Client): Promise<Map<string, string[]>> {
  const placed = new Map<string, string[]>()
  for await (const order of client.list('/orders', { limit: pageSize })) {
    const key = keyOf(order)
    placed.set(key, [...(placed.get(key) ?? []), order.id])
  }
  return placed
}

function keyOf(order: Pick<Order, 'product_id' | 'quantity' | 'unit_price' | 'order_date'>): string {
  const { product_id, quantity, unit_price, order_date } = order
  return [product_id, quantity, Number(unit_price).toFixed(2), Date.parse(order_date)].join(' ')
}

/** Runs `work` on each item, a few at a time. */
async function forEach<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  // All workers draw from one iterator, so each item is taken once.
  const queue = items[Symbol.iterator]()
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/** The reason in the words of this data where they fit, else in the API's. */
function reasonOf(problem: Problem, line?: InvoiceLine): string {
  const field = problem.errors?.[0]
  if (field === undefined) return problem.title
  if (field.path === 'body.name') return 'no product name'
  if (field.path === 'body.quantity' && Number(line?.quantity) < 1) return 'a return: quantity below 1'
  if (field.path === 'body.unit_price' && Number(line?.unit_price) <= 0) return 'a price of 0 or below'
  return `${field.path} ${field.message}`
}

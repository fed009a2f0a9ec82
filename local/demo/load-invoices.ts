import { AppError } from '../../shared/errors.ts'
import type { Problem } from '../../shared/http/problems.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import { provisionTenant } from '../../shared/tenancy/provision-tenant.ts'
import type { InvoiceLine } from './invoice-lines.ts'
import { fromPence, toPence } from './money.ts'
import { createTenantClient, type TenantClient } from './tenant-client.ts'

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

/** Requests under way at once; the gateway runs up to 10 processes a function. */
const concurrency = 8

/**
 * Loads invoice lines through the HTTP API at `url`, as a client would: a tenant per country, a product per stock code,
 * an order per line. Lines that the API refuses are counted by its reason. Throws when the API fails, or when a
 * tenant's orders do not sum to what was sent.
 */
export async function loadInvoices(
  lines: readonly InvoiceLine[],
  options: { readonly url: string; readonly control: ControlPlane; onLine(): void },
): Promise<LoadReport> {
  const refused = new Map<string, number>()
  const refuse = (reason: string, count = 1) => {
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
    const client = createTenantClient(options.url, slug)
    const before = created ? 0n : await sumOrders(client)
    const loaded = await loadTenant(client, ofCountry, refuse, options.onLine)
    const after = await sumOrders(client)
    if (after - before !== loaded.pence) {
      throw new Error(
        `${slug}: orders of ${fromPence(loaded.pence)} were loaded, but the API shows ${fromPence(after - before)}`,
      )
    }
    tenants.push({
      ...{ slug, name: country, created, products: loaded.products, orders: loaded.orders },
      ...{ total: fromPence(loaded.pence), totalOverApi: fromPence(after - before) },
    })
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
    return (await provisionTenant(control, { slug, name, domains: [`${slug}.localhost`] })).created
  } catch (error) {
    if (error instanceof AppError && error.code !== 'unavailable' && error.code !== 'internal') return error
    throw error
  }
}

async function sumOrders(client: TenantClient): Promise<bigint> {
  let pence = 0n
  for await (const order of client.orders()) pence += toPence(order.total_price)
  return pence
}

async function loadTenant(
  client: TenantClient,
  lines: readonly InvoiceLine[],
  refuse: (reason: string, count?: number) => void,
  onLine: () => void,
): Promise<{ products: number; orders: number; pence: bigint }> {
  const loaded = { products: 0, orders: 0, pence: 0n }
  const known = new Map<string, string>()
  for await (const product of client.products()) known.set(product.description ?? '', product.id)

  const orderable: { productId: string; line: InvoiceLine }[] = []
  await forEach(
    Map.groupBy(lines, (line) => line.stock_code),
    async ([stockCode, ofProduct]) => {
      const description = `Stock code ${stockCode}`
      let productId = known.get(description)
      if (productId === undefined) {
        const answer = await client.createProduct({
          name: ofProduct.find((line) => line.description.trim() !== '')?.description ?? '',
          description,
          price: ofProduct.find((line) => Number(line.unit_price) > 0)?.unit_price ?? '0.00',
        })
        if ('refused' in answer) return refuse(reasonOf(answer.refused), ofProduct.length)
        productId = answer.made.id
        loaded.products += 1
      }
      for (const line of ofProduct) orderable.push({ productId, line })
    },
  )

  await forEach(orderable, async ({ productId, line }) => {
    const { quantity, unit_price, invoice_date } = line
    const order = { product_id: productId, quantity: Number(quantity), unit_price, order_date: invoice_date }
    const answer = await client.createOrder(order)
    if ('refused' in answer) return refuse(reasonOf(answer.refused))
    loaded.orders += 1
    loaded.pence += toPence(unit_price) * BigInt(quantity)
    onLine()
  })
  return loaded
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

const reasons: Readonly<Record<string, string>> = {
  'body.quantity': 'a return: quantity below 1',
  'body.unit_price': 'a price of 0 or below',
  'body.name': 'no product name',
}

/** The reason in the words of this data, from the first field that the API found wrong. */
function reasonOf(problem: Problem): string {
  const field = problem.errors?.[0]
  if (field === undefined) return problem.title
  return reasons[field.path] ?? `${field.path} ${field.message}`
}

import type { Refusals } from '../../shared/db/refusals.ts'
import { toRfc3339 } from '../../shared/db/row-types.ts'
import { sqlState } from '../../shared/db/sql-states.ts'
import type { TenantStatements } from '../../shared/db/tenant-database.ts'
import { AppError } from '../../shared/errors.ts'
import { type OnceKey, onceRefusals } from '../../shared/http/idempotency.ts'
import type { Order } from './description.ts'

const columns = 'id, product_id, quantity, unit_price, total_price, order_date'

/**
 * Orders in the order of their ids, from behind `after`; `from` is inclusive, `to` exclusive. Most lists have no filter: to plan those
 * of none, and find them NULL, took a sixth of a list's time (`bench/profile.md`).
 */
export function listOrders(
  db: TenantStatements,
  page: {
    readonly after: string | undefined
    readonly productId: string | undefined
    readonly from: string | undefined
    readonly to: string | undefined
    readonly limit: number
  },
): Promise<Order[]> {
  const { after = '0', productId = null, from = null, to = null, limit } = page
  if (productId === null && from === null && to === null) {
    return db.read(`SELECT ${columns} FROM orders WHERE id > $1 ORDER BY id LIMIT $2`, [after, limit])
  }
  return db.read(
    `SELECT ${columns} FROM orders
     WHERE id > $1
       AND ($2::bigint IS NULL OR product_id = $2)
       AND ($3::timestamptz IS NULL OR order_date >= $3)
       AND ($4::timestamptz IS NULL OR order_date < $4)
     ORDER BY id LIMIT $5`,
    [after, productId, from, to, limit],
  )
}

export async function findOrder(db: TenantStatements, id: string): Promise<Order | undefined> {
  const [order] = await db.read<Order>(`SELECT ${columns} FROM orders WHERE id = $1`, [id])
  return order
}

interface NewOrder {
  readonly product_id: string
  readonly quantity: number
  readonly unit_price?: string | undefined
  readonly order_date?: string | undefined
}

const refusals: Refusals = {
  [sqlState.checkViolation]: {
    code: 'price_required',
    detail: 'The product has no price, so "unit_price" is needed.',
  },
  [sqlState.numericValueOutOfRange]: { code: 'amount_too_large', detail: 'The total has more than 10 digits.' },
  // The product was deleted between its row being read and the order being placed.
  [sqlState.foreignKeyViolation]: { code: 'unknown_product', detail: 'There is no such product.' },
}

/**
 * Places an order at the given price or the product's, now or at the given time. Undefined when there is no such
 * product. Throws `price_required` when the price comes out as 0, and `amount_too_large` when the total would not fit.
 */
export async function insertOrder(db: TenantStatements, order: NewOrder): Promise<Order | undefined> {
  const [inserted] = await db.write<Order>(
    `INSERT INTO orders (product_id, quantity, unit_price, order_date)
     SELECT id, $2, coalesce($3, price), coalesce($4, now()) FROM products WHERE id = $1
     RETURNING ${columns}`,
    [order.product_id, order.quantity, order.unit_price ?? null, order.order_date ?? null],
    refusals,
  )
  return inserted
}

/** An order that was placed, now or when its key first came. `same`: whether for the same request. */
export interface PlacedOrder {
  readonly order: Order
  readonly created: boolean
  readonly same: boolean
}

/**
 * Places an order once for a key, in one statement and so in one round trip: the key is taken, or its first answer found,
 * and the order placed only with a key that was free. It relies on READ COMMITTED: whoever comes second waits for the first,
 * and then sees its answer. Undefined and errors as of {@link insertOrder}, and `idempotency_in_flight`; each of them leaves
 * the key free.
 */
export async function insertOrderOnce(
  db: TenantStatements,
  order: NewOrder,
  once: OnceKey,
): Promise<PlacedOrder | undefined> {
  try {
    return (await claimAndInsert(db, order, once)) ?? (await findPlacedOrder(db, once))
  } catch (error) {
    // The product's price of today may refuse what was placed at that of yesterday: only then it costs another flight.
    if (!(error instanceof AppError && refusedByPrice.has(error.code))) throw error
    const placed = await findPlacedOrder(db, once)
    if (placed === undefined) throw error
    return placed
  }
}

const refusedByPrice: ReadonlySet<string> = new Set(['price_required', 'amount_too_large'])

async function claimAndInsert(db: TenantStatements, order: NewOrder, once: OnceKey): Promise<PlacedOrder | undefined> {
  const [placed] = await db.write<PlacedRow>(
    `WITH priced AS (
       SELECT id AS product_id, $2::integer AS quantity, coalesce($3, price)::numeric(12, 2) AS unit_price,
         coalesce($4, now()) AS order_date
       FROM products WHERE id = $1
     ), claim AS (
       INSERT INTO idempotency_keys AS k (route, key, fingerprint, body)
       SELECT $5, $6, $7, json_build_object('product_id', product_id, 'quantity', quantity, 'unit_price', unit_price,
         'total_price', (unit_price * quantity)::numeric(12, 2), 'order_date', order_date)
       FROM priced
       ON CONFLICT (route, key) DO UPDATE SET key = k.key
       RETURNING xmax = 0 AS created, fingerprint = $7 AS same, order_id AS id, body::text
     ), placed AS (
       INSERT INTO orders (id, product_id, quantity, unit_price, order_date) OVERRIDING SYSTEM VALUE
       SELECT claim.id, product_id, quantity, unit_price, order_date FROM priced, claim WHERE claim.created
     )
     SELECT created, same, id, body FROM claim`,
    [
      ...[order.product_id, order.quantity, order.unit_price ?? null, order.order_date ?? null],
      ...[once.route, once.key, once.fingerprint],
    ],
    { ...refusals, ...onceRefusals },
  )
  return placed && toPlacedOrder(placed)
}

/** What was answered for a key before, whatever has become of the product and its price since. */
async function findPlacedOrder(db: TenantStatements, once: OnceKey): Promise<PlacedOrder | undefined> {
  const [placed] = await db.read<PlacedRow>(
    `SELECT false AS created, fingerprint = $3 AS same, order_id AS id, body::text FROM idempotency_keys
     WHERE route = $1 AND key = $2`,
    [once.route, once.key, once.fingerprint],
  )
  return placed && toPlacedOrder(placed)
}

interface PlacedRow {
  readonly created: boolean
  readonly same: boolean
  readonly id: string
  /** The order without its id, as JSON. */
  readonly body: string
}

/** To take the order's columns out of the JSON by SQL cost the server an eighth of the statement (`bench/profile.md`). */
function toPlacedOrder({ created, same, id, body }: PlacedRow): PlacedOrder {
  const { product_id, quantity, unit_price, total_price, order_date } = JSON.parse(body, keepDigits)
  return {
    created,
    same,
    order: { id, product_id, quantity: Number(quantity), unit_price, total_price, order_date: toRfc3339(order_date) },
  }
}

/** Numbers as they were written: a float would round ids and drop money's zeros. */
function keepDigits(_: string, value: unknown, context?: { readonly source: string }): unknown {
  return typeof value === 'number' ? context?.source : value
}

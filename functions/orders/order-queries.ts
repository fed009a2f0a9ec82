import { sqlState } from '../../shared/db/sql-states.ts'
import type { TenantStatements } from '../../shared/db/tenant-database.ts'

/** An order as the API shows it: ids and money are decimal strings, `order_date` RFC 3339. */
export interface Order {
  readonly id: string
  readonly product_id: string
  readonly quantity: number
  readonly unit_price: string
  readonly total_price: string
  readonly order_date: string
}

const columns = 'id, product_id, quantity, unit_price, total_price, order_date'

/** Orders in the order of their ids, from behind `after`; `from` is inclusive, `to` exclusive. */
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
  return db.read(
    `SELECT ${columns} FROM orders
     WHERE id > $1
       AND ($2::bigint IS NULL OR product_id = $2)
       AND ($3::timestamptz IS NULL OR order_date >= $3)
       AND ($4::timestamptz IS NULL OR order_date < $4)
     ORDER BY id LIMIT $5`,
    [page.after ?? '0', page.productId ?? null, page.from ?? null, page.to ?? null, page.limit],
  )
}

export async function findOrder(db: TenantStatements, id: string): Promise<Order | undefined> {
  const [order] = await db.read<Order>(`SELECT ${columns} FROM orders WHERE id = $1`, [id])
  return order
}

/**
 * Places an order at the given price or the product's, now or at the given time. Undefined when there is no such
 * product. Throws `price_required` when the price comes out as 0, and `amount_too_large` when the total would not fit.
 */
export async function insertOrder(
  db: TenantStatements,
  order: {
    readonly product_id: string
    readonly quantity: number
    readonly unit_price?: string | undefined
    readonly order_date?: string | undefined
  },
): Promise<Order | undefined> {
  const [inserted] = await db.write<Order>(
    `INSERT INTO orders (product_id, quantity, unit_price, order_date)
     SELECT id, $2, coalesce($3, price), coalesce($4, now()) FROM products WHERE id = $1
     RETURNING ${columns}`,
    [order.product_id, order.quantity, order.unit_price ?? null, order.order_date ?? null],
    {
      [sqlState.checkViolation]: {
        code: 'price_required',
        detail: 'The product has no price, so "unit_price" is needed.',
      },
      [sqlState.numericValueOutOfRange]: { code: 'amount_too_large', detail: 'The total has more than 10 digits.' },
      // The product was deleted between its row being read and the order being placed.
      [sqlState.foreignKeyViolation]: { code: 'unknown_product', detail: 'There is no such product.' },
    },
  )
  return inserted
}

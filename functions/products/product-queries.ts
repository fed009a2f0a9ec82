import { onlyRow } from '../../shared/db/only-row.ts'
import { sqlState } from '../../shared/db/sql-states.ts'
import type { TenantStatements } from '../../shared/db/tenant-database.ts'
import type { Product } from './description.ts'

const columns = 'id, name, description, price, created_at'

/** Products in the order of their ids, from behind `after`, whose names begin with `prefix` in whatever case. */
export function listProducts(
  db: TenantStatements,
  page: { readonly after: string | undefined; readonly prefix: string | undefined; readonly limit: number },
): Promise<Product[]> {
  const { after = '0', prefix, limit } = page
  if (prefix === undefined) {
    return db.read(`SELECT ${columns} FROM products WHERE id > $1 ORDER BY id LIMIT $2`, [after, limit])
  }
  return db.read(`SELECT ${columns} FROM products WHERE id > $1 AND lower(name) LIKE lower($2) ORDER BY id LIMIT $3`, [
    after,
    `${prefix.replace(/[\\%_]/g, '\\$&')}%`,
    limit,
  ])
}

export async function findProduct(db: TenantStatements, id: string): Promise<Product | undefined> {
  const [product] = await db.read<Product>(`SELECT ${columns} FROM products WHERE id = $1`, [id])
  return product
}

/** A product that nobody changes until the transaction has ended. */
export async function lockProduct(db: TenantStatements, id: string): Promise<Product | undefined> {
  const [product] = await db.write<Product>(`SELECT ${columns} FROM products WHERE id = $1 FOR UPDATE`, [id])
  return product
}

export async function insertProduct(
  db: TenantStatements,
  product: { readonly name: string; readonly description: string | null; readonly price: string },
): Promise<Product> {
  const inserted = await db.write<Product>(
    `INSERT INTO products (name, description, price) VALUES ($1, $2, $3) RETURNING ${columns}`,
    [product.name, product.description, product.price],
  )
  return onlyRow(inserted)
}

/** Changes what is given; a description of null is removed, one that is undefined stays. */
export async function updateProduct(
  db: TenantStatements,
  id: string,
  change: {
    readonly name?: string | undefined
    readonly description?: string | null | undefined
    readonly price?: string | undefined
  },
): Promise<Product | undefined> {
  const [updated] = await db.write<Product>(
    `UPDATE products SET
       name = coalesce($2, name),
       price = coalesce($3, price),
       description = CASE WHEN $4::boolean THEN $5 ELSE description END
     WHERE id = $1 RETURNING ${columns}`,
    [id, change.name ?? null, change.price ?? null, change.description !== undefined, change.description ?? null],
  )
  return updated
}

/** Whether there was such a product. Throws `product_has_orders` when orders refer to it. */
export async function deleteProduct(db: TenantStatements, id: string): Promise<boolean> {
  const deleted = await db.write('DELETE FROM products WHERE id = $1 RETURNING id', [id], {
    [sqlState.foreignKeyViolation]: { code: 'product_has_orders', detail: 'The product has orders, so it must stay.' },
  })
  return deleted.length > 0
}

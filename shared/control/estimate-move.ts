import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'

/** Bytes a second that COPY takes from one schema into another, its indexes made on the way; a cautious figure. */
const bytesPerSecond = 10_000_000

/** How many seconds a tenant would be read-only for while it is moved, from the size of its tables. */
export async function estimateMove(control: ControlPlane, slug: string): Promise<number> {
  const { ref } = await getTenant(control, slug)
  const { rows } = await withOwnerTransaction(control.pools, ref.placement, (client) =>
    client.query<{ bytes: string }>(
      `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::text AS bytes
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`,
      [ref.schema],
    ),
  )
  return Math.ceil(Number(onlyRow(rows).bytes) / bytesPerSecond)
}

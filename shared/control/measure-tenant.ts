import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'

/** Bytes a second that COPY takes from one schema into another, its indexes made on the way; a cautious figure. */
const bytesPerSecond = 10_000_000

/** How many seconds a tenant would be read-only for while it is moved, from the size of its tables. */
export async function estimateMove(control: ControlPlane, slug: string): Promise<number> {
  return Math.ceil((await measureSchema(control, (await getTenant(control, slug)).ref)) / bytesPerSecond)
}

/**
 * Bytes of tables that an export may have: it is written whole beside its archive into the worker's 10 GiB, and has to be
 * done within a function's 15 minutes.
 */
const largestExport = 6 * 2 ** 30

/** Throws `tenant_too_large` for a tenant that one worker cannot export. */
export async function requireExportable(
  control: ControlPlane,
  slug: string,
  ref: TenantRef,
  most = largestExport,
): Promise<void> {
  const bytes = await measureSchema(control, ref)
  if (bytes <= most) return
  const gibibytes = (size: number) => (size / 2 ** 30).toFixed(1)
  throw new AppError(
    'tenant_too_large',
    `The tenant "${slug}" has ${gibibytes(bytes)} GiB; an export holds ${gibibytes(most)} GiB at most. Move it, or copy it with pg_dump.`,
  )
}

async function measureSchema(control: ControlPlane, ref: TenantRef): Promise<number> {
  const { rows } = await withOwnerTransaction(control.pools, ref.placement, (client) =>
    client.query<{ bytes: string }>(
      `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::text AS bytes
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`,
      [ref.schema],
    ),
  )
  return Number(onlyRow(rows).bytes)
}

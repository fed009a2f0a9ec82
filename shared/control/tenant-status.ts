import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import { type TenantRow, tenantColumns, toTenant } from '../tenancy/catalog-queries.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { Tenant, TenantStatus } from '../tenancy/tenant.ts'
import type { OperationTools } from './operation.ts'
import { requireLease } from './operation-lease.ts'

/** A tenant as operators see it. */
export interface TenantRecord extends Tenant {
  readonly domains: readonly string[]
  readonly created_at: string
  /** When a deleted tenant is purged; null for one that is not deleted. */
  readonly purge_after: string | null
}

export const recordColumns = `${tenantColumns}, t.created_at, t.purge_after,
  ARRAY(SELECT d.domain FROM catalog.domains d WHERE d.tenant_id = t.id ORDER BY d.domain) AS domains`

export type TenantRecordRow = TenantRow & Omit<TenantRecord, keyof Tenant>

export function toTenantRecord({ domains, created_at, purge_after, ...row }: TenantRecordRow): TenantRecord {
  return { ...toTenant(row), domains, created_at, purge_after }
}

/** Whether the time to restore a deleted tenant, the row `t`, is over: by the database's clock, as all who ask share it. */
export const isDue = `coalesce(t.purge_after <= clock_timestamp(), false)`

/** Whether a tenant is deleted and its time to be restored over. */
export async function isDueForPurge({ pools, catalog }: ControlPlane, slug: string): Promise<boolean> {
  const { rowCount } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query(`SELECT FROM catalog.tenants t WHERE t.slug = $1 AND ${isDue}`, [slug]),
  )
  return rowCount === 1
}

interface StatusChange {
  readonly from: readonly TenantStatus[]
  /** Without it the status is only checked. */
  readonly to?: TenantStatus
  /** A status that stays. */
  readonly unless?: TenantStatus
  /** A placement that it must not be in. */
  readonly elsewhere?: string
  /** Of an operation: who does not hold its lease any more changes nothing. */
  readonly worker?: OperationTools
  /** RFC 3339, or `now` by the database's clock; goes with `deleting` alone. */
  readonly purgeAfter?: string
  /** What is being done to the tenant, for the refusal. */
  readonly verb: string
}

/**
 * Changes a tenant's status if it is one of `from`, under a lock on its row, and answers the tenant as it is then.
 * Throws `tenant_unknown`, or `wrong_status` with what it is; `unavailable` where another worker goes on.
 */
export async function changeStatus(
  { pools, catalog }: ControlPlane,
  slug: string,
  { from, to, unless, elsewhere, worker, purgeAfter, verb }: StatusChange,
): Promise<TenantRecord> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    const found = await client.query<TenantRecordRow & { due: boolean }>(
      `SELECT ${recordColumns}, ${isDue} AS due FROM catalog.tenants t WHERE t.slug = $1 FOR UPDATE OF t`,
      [slug],
    )
    const [row] = found.rows
    if (row === undefined) throw new AppError('tenant_unknown', `There is no tenant "${slug}".`)
    const { due, ...tenant } = row
    if (!from.includes(tenant.status)) {
      const wanted = from.join(' or ')
      throw new AppError(
        'wrong_status',
        `The tenant "${slug}" is ${tenant.status}; only one that is ${wanted} can be ${verb}.`,
      )
    }
    if (verb !== 'purged' && due) {
      throw new AppError('wrong_status', `The tenant "${slug}" is being purged; it cannot be ${verb} any more.`)
    }
    if (tenant.placement === elsewhere) {
      throw new AppError('wrong_status', `The tenant "${slug}" is in "${elsewhere}" already.`)
    }
    if (worker !== undefined) await requireLease(client, worker)
    if (to === undefined || tenant.status === unless) return toTenantRecord(tenant)
    const changed = await client.query<TenantRecordRow>(
      `UPDATE catalog.tenants t SET status = $2, purge_after = $3 WHERE t.id = $1 RETURNING ${recordColumns}`,
      [tenant.id, to, purgeAfter ?? null],
    )
    return toTenantRecord(onlyRow(changed.rows))
  })
}

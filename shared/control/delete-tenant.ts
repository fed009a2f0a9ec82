import { quoteIdentifier } from '../db/identifiers.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { Pools } from '../db/pools.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import { AppError } from '../errors.ts'
import { refOf } from '../tenancy/catalog-queries.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { finishProvisioning } from '../tenancy/provision-tenant.ts'
import { forgetRequests } from './collect-usage.ts'
import { detachDomains } from './domains/advance-claims.ts'
import { getTenant } from './list-tenants.ts'
import { matchAccess, openSchema } from './schema-access.ts'
import { changeStatus, isDue, type TenantRecord } from './tenant-status.ts'

/**
 * Deletes a tenant: it is refused from now on, and purged at `purgeAfter` (RFC 3339). Until then it can be restored.
 * Deleting it again only changes when. Throws `tenant_unknown` or `wrong_status`.
 */
export async function deleteTenant(control: ControlPlane, slug: string, purgeAfter: string): Promise<TenantRecord> {
  const from = ['provisioning', 'active', 'suspending', 'suspended', 'deleting'] as const
  const deleted = await changeStatus(control, slug, { from, to: 'deleting', purgeAfter, verb: 'deleted' })
  return deleted.version === 0 ? deleted : matchAccess(control, slug)
}

/**
 * Brings a deleted tenant back before its time has come, and makes what is missing of one that was deleted while it was made. Run
 * again after a death half way, it converges. Throws `tenant_unknown`, `wrong_status`, or `operation_running` while an
 * import makes it.
 */
export async function restoreTenant(control: ControlPlane, slug: string): Promise<TenantRecord> {
  const deleted = await changeStatus(control, slug, { from: ['deleting', 'provisioning', 'active'], verb: 'restored' })
  if (deleted.version === 0) return finishMaking(control, slug)
  await openSchema(control.pools, deleted.ref)
  try {
    await changeStatus(control, slug, { from: ['deleting', 'active'], to: 'active', verb: 'restored' })
  } finally {
    await matchAccess(control, slug)
  }
  return getTenant(control, slug)
}

async function finishMaking(control: ControlPlane, slug: string): Promise<TenantRecord> {
  await requireNoImport(control, slug)
  const from = ['deleting', 'provisioning'] as const
  await finishProvisioning(control, await changeStatus(control, slug, { from, to: 'provisioning', verb: 'restored' }))
  return getTenant(control, slug)
}

async function requireNoImport({ pools, catalog }: ControlPlane, slug: string): Promise<void> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ id: string }>(
      "SELECT id FROM catalog.operations WHERE tenant = $1 AND kind = 'import' AND finished_at IS NULL",
      [slug],
    ),
  )
  const [running] = rows
  if (running === undefined) return
  throw new AppError(
    'operation_running',
    `Operation ${running.id} (import) is under way; restore the tenant behind it.`,
  )
}

/**
 * Removes a deleted tenant whose time to be restored is over, for good: what serves its domains, schema, role and version record,
 * then every row of the catalog that refers to it. Run again it goes on where it stopped; of one that is there no more, whose slug
 * another tenant may have by now, nothing is left to do. Answers how many of its domains are still being taken down: until
 * there is none, nothing else is removed. Throws `wrong_status` for a tenant that is not deleted, or may still be restored.
 */
export async function purgeTenant(control: ControlPlane, id: string): Promise<number> {
  const ref = await findForPurge(control, id)
  if (ref === undefined) return 0
  const left = await detachDomains(control, id)
  if (left > 0) return left
  await dropSchema(control.pools, ref)
  await forgetRequests(control, id, ref.placement)
  await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query(`DELETE FROM catalog.tenants WHERE id = $1 AND status = 'deleting'`, [id]),
  )
  return 0
}

async function findForPurge({ pools, catalog }: ControlPlane, id: string): Promise<TenantRef | undefined> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ slug: string; placement: string; schema: string; due: boolean }>(
      `SELECT t.slug, t.placement, t.schema_name AS schema, ${isDue} AS due
       -- Waits for who restores it, or puts it off, at this moment.
       FROM catalog.tenants t WHERE t.id = $1 FOR UPDATE OF t`,
      [id],
    ),
  )
  const [tenant] = rows
  if (tenant === undefined) return undefined
  if (tenant.due) return refOf(tenant.placement, tenant.schema)
  throw new AppError('wrong_status', `The tenant "${tenant.slug}" is not deleted, or may still be restored.`)
}

/** Drops a tenant's schema and role in its placement, if they are there. */
export async function dropSchema(pools: Pools, { placement, schema }: TenantRef): Promise<void> {
  const name = quoteIdentifier(schema)
  await withOwnerTransaction(pools, placement, async (client) => {
    await client.query(
      `SET LOCAL statement_timeout = 0; DROP SCHEMA IF EXISTS ${name} CASCADE; DROP ROLE IF EXISTS ${name}`,
    )
    await client.query('DELETE FROM atrium.tenant_versions WHERE schema_name = $1', [schema])
    await client.query('DELETE FROM atrium.outside_changes WHERE schema_name = $1', [schema])
    await client.query('DELETE FROM atrium.copies WHERE schema_name = $1', [schema])
  })
}

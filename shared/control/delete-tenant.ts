import { quoteIdentifier } from '../db/identifiers.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { Pools } from '../db/pools.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { forgetRequests } from './collect-usage.ts'
import { detachDomains } from './domains/advance-claims.ts'
import { getTenant } from './list-tenants.ts'
import { matchAccess, openSchema } from './schema-access.ts'
import { changeStatus, type TenantRecord } from './tenant-status.ts'

/**
 * Deletes a tenant: it is refused from now on, and purged at `purgeAfter` (RFC 3339). Until then it can be restored.
 * Deleting it again only changes when. Throws `tenant_unknown` or `wrong_status`.
 */
export async function deleteTenant(control: ControlPlane, slug: string, purgeAfter: string): Promise<TenantRecord> {
  const from = ['provisioning', 'active', 'suspending', 'suspended', 'deleting'] as const
  const deleted = await changeStatus(control, slug, { from, to: 'deleting', purgeAfter, verb: 'deleted' })
  return deleted.version === 0 ? deleted : matchAccess(control, slug)
}

/** Brings a deleted tenant back before its time has come. Throws `tenant_unknown` or `wrong_status`. */
export async function restoreTenant(control: ControlPlane, slug: string): Promise<TenantRecord> {
  const deleted = await changeStatus(control, slug, { from: ['deleting', 'active'], verb: 'restored' })
  // One that was deleted before its schema was made goes on being made.
  if (deleted.version === 0)
    return changeStatus(control, slug, { from: ['deleting'], to: 'provisioning', verb: 'restored' })
  await openSchema(control.pools, deleted.ref)
  try {
    await changeStatus(control, slug, { from: ['deleting', 'active'], to: 'active', verb: 'restored' })
  } finally {
    await matchAccess(control, slug)
  }
  return getTenant(control, slug)
}

/**
 * Removes a deleted tenant for good: what serves its domains, schema, role and version record, then every row of the catalog that refers to it.
 * Its time to be restored ends with the first step. Run again it goes on where it stopped; done, it changes nothing.
 * Answers how many of its domains are still being taken down: until there is none, nothing else is removed. Throws `wrong_status`
 * for a tenant that is not deleted, `tenant_unknown` for none.
 */
export async function purgeTenant(control: ControlPlane, slug: string): Promise<number> {
  const now = new Date().toISOString()
  const { id, ref } = await changeStatus(control, slug, {
    from: ['deleting'],
    to: 'deleting',
    purgeAfter: now,
    verb: 'purged',
  })
  const left = await detachDomains(control, id)
  if (left > 0) return left
  await dropSchema(control.pools, ref)
  await forgetRequests(control, id, ref.placement)
  await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query(`DELETE FROM catalog.tenants WHERE id = $1 AND status = 'deleting'`, [id]),
  )
  return 0
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

import { setTimeout as sleep } from 'node:timers/promises'
import { quoteIdentifier } from '../db/identifiers.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { Pools } from '../db/pools.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import { lockSchema } from '../tenancy/build-tenant-schema.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'
import type { TenantRecord } from './tenant-status.ts'

/** Milliseconds that transactions under way in a tenant's schema are given to end by themselves. */
const patience = 5_000
const pollInterval = 50

/**
 * Shuts a tenant's schema: from now on the database refuses its role (42P01, 42501), and when this settles no
 * transaction that began before is left. Those that take longer than 5 s are ended, since one that wrote before the
 * REVOKE could still commit. The shared login names no tenant, so they are found by the locks that they hold.
 */
export async function closeSchema(pools: Pools, tenant: TenantRef): Promise<void> {
  const name = quoteIdentifier(tenant.schema)
  await changeAccess(pools, tenant, `REVOKE USAGE ON SCHEMA ${name} FROM ${name}`)
  const until = Date.now() + patience
  while ((await countHolders(pools, tenant, Date.now() >= until)) > 0) await sleep(pollInterval)
}

/**
 * Makes a tenant's schema read-only to its role; when this settles, every transaction that wrote before has ended, those
 * that took longer than 5 s by our hand.
 */
export async function closeForWrites(pools: Pools, tenant: TenantRef): Promise<void> {
  const name = quoteIdentifier(tenant.schema)
  await changeAccess(pools, tenant, `REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${name} FROM ${name}`)
  const until = Date.now() + patience
  while ((await countHolders(pools, tenant, Date.now() >= until, writeLocks)) > 0) await sleep(pollInterval)
}

/** Undoes {@link closeForWrites}. */
export async function openForWrites(pools: Pools, { placement, schema }: TenantRef): Promise<void> {
  await withOwnerTransaction(pools, placement, async (client) => {
    await lockSchema(client, schema)
    await client.query(`SET LOCAL search_path = ${quoteIdentifier(schema)}, pg_temp`)
    await client.query(
      `SELECT atrium.grant_table(c.relname) FROM pg_catalog.pg_class c
       WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r'`,
      [schema],
    )
  })
}

/** Opens a tenant's schema to its role again. */
export async function openSchema(pools: Pools, tenant: TenantRef): Promise<void> {
  const name = quoteIdentifier(tenant.schema)
  await changeAccess(pools, tenant, `GRANT USAGE ON SCHEMA ${name} TO ${name}`)
}

/** One after the other: of two at once on a schema, PostgreSQL fails one (XX000, "tuple concurrently updated"). */
async function changeAccess(pools: Pools, { placement, schema }: TenantRef, statement: string): Promise<void> {
  await withOwnerTransaction(pools, placement, async (client) => {
    await lockSchema(client, schema)
    await client.query(statement)
  })
}

/**
 * Makes the database's answer to a tenant's role that of the catalog's status, and does so again when the status was
 * changed meanwhile: of two operators who suspend and resume at once, the last to reach the catalog wins in both. The schemas of
 * a tenant that moves are the move's to open and shut, and those of one that is being made the making's.
 */
export async function matchAccess(control: ControlPlane, slug: string): Promise<TenantRecord> {
  for (;;) {
    const before = await getTenant(control, slug)
    if (before.status === 'active') await openSchema(control.pools, before.ref)
    else if (before.status !== 'provisioning' && before.status !== 'moving')
      await closeSchema(control.pools, before.ref)
    const after = await getTenant(control, slug)
    if ((after.status === 'active') === (before.status === 'active')) return after
  }
}

/** The locks that a transaction keeps which has written a row. */
const writeLocks = ['RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']

/** How many sessions hold locks on the schema's relations; with `end` they are terminated as well. */
async function countHolders(
  pools: Pools,
  { placement, schema }: TenantRef,
  end: boolean,
  modes: readonly string[] | null = null,
): Promise<number> {
  const { rows } = await withOwnerTransaction(pools, placement, (client) =>
    client.query<{ pid: number }>(
      `SELECT DISTINCT l.pid, CASE WHEN $2 THEN pg_terminate_backend(l.pid) END
       FROM pg_locks l
       JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
       JOIN pg_class c ON c.oid = l.relation
       JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1
       -- Neither autovacuum nor an administrator's session is a tenant's transaction, and nobody but a superuser may end one.
       JOIN pg_stat_activity a ON a.pid = l.pid AND a.backend_type = 'client backend'
       JOIN pg_roles r ON r.oid = a.usesysid AND NOT r.rolsuper
       WHERE l.locktype = 'relation' AND l.pid <> pg_backend_pid() AND ($3::text[] IS NULL OR l.mode = ANY ($3))`,
      [schema, end, modes],
    ),
  )
  return rows.length
}

import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'

/** What a schema's version record says. */
export interface Version {
  readonly version: number
  readonly checksum: string
}

export async function readVersion({ pools }: ControlPlane, { placement, schema }: TenantRef): Promise<Version> {
  const { rows } = await withOwnerTransaction(pools, placement, (client) =>
    client.query<Version>('SELECT version, checksum FROM atrium.tenant_versions WHERE schema_name = $1', [schema]),
  )
  return onlyRow(rows)
}

/**
 * Takes the version record away while the tenant moves: a migration under way is awaited by its lock, and none can begin,
 * nor can drift be repaired, in a schema that is about to be left. Where that migration has changed the version, it is left and
 * answered: to be remembered first.
 */
export async function takeVersion(
  { pools }: ControlPlane,
  { placement, schema }: TenantRef,
  { version, checksum }: Version,
): Promise<Version | undefined> {
  return withOwnerTransaction(pools, placement, async (client) => {
    const taken = await client.query(
      'DELETE FROM atrium.tenant_versions WHERE schema_name = $1 AND version = $2 AND checksum = $3',
      [schema, version, checksum],
    )
    if (taken.rowCount !== 0) return undefined
    const { rows } = await client.query<Version>(
      'SELECT version, checksum FROM atrium.tenant_versions WHERE schema_name = $1',
      [schema],
    )
    return rows[0] // none: an earlier try took it
  })
}

/** Gives back what was taken, unless there is a record. */
export async function giveVersion(
  { pools }: ControlPlane,
  { placement, schema }: TenantRef,
  { version, checksum }: Version,
): Promise<void> {
  await withOwnerTransaction(pools, placement, (client) =>
    client.query(
      'INSERT INTO atrium.tenant_versions (schema_name, version, checksum) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [schema, version, checksum],
    ),
  )
}

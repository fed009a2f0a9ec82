import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import { drawApiKey } from '../tenancy/api-key.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'

/** An API key as operators see it: everything but the key. */
export interface ApiKeyRecord {
  readonly key_id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly state: 'active' | 'expired' | 'revoked'
  readonly expires_at: string | null
  /** To the hour. */
  readonly last_used_at: string | null
  readonly created_at: string
}

/** A new key, with its text, which is shown this once and kept nowhere. */
export interface NewApiKey extends ApiKeyRecord {
  readonly key: string
}

export interface KeyRequest {
  readonly name: string
  readonly scopes: readonly string[]
  /** RFC 3339; null for a key without an end. */
  readonly expiresAt: string | null
}

const columns = `k.key_id, k.name, k.scopes, k.expires_at, k.last_used_at, k.created_at,
  CASE WHEN k.revoked_at <= now() THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired' ELSE 'active' END AS state`

/** Makes a key for a tenant. Throws `tenant_unknown`. */
export async function createKey(control: ControlPlane, slug: string, request: KeyRequest): Promise<NewApiKey> {
  const { id } = await getTenant(control, slug)
  const { keyId, text, hash } = drawApiKey()
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<ApiKeyRecord>(
      `INSERT INTO catalog.api_keys AS k (key_id, tenant_id, name, key_hash, scopes, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
      [keyId, id, request.name, hash, request.scopes, request.expiresAt],
    ),
  )
  return { ...onlyRow(rows), key: text }
}

/** A tenant's keys, the newest first, with their last use as their placement has it now. Throws `tenant_unknown`. */
export async function listKeys(control: ControlPlane, slug: string): Promise<ApiKeyRecord[]> {
  await collectKeyUses(control, slug)
  const { id } = await getTenant(control, slug)
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<ApiKeyRecord>(
      `SELECT ${columns} FROM catalog.api_keys k WHERE k.tenant_id = $1 ORDER BY k.created_at DESC, k.key_id`,
      [id],
    ),
  )
  return rows
}

/** Revokes a key: within 10 s nobody believes it any more. Revoked again it stays so. Throws `not_found`. */
export function revokeKey(control: ControlPlane, slug: string, keyId: string): Promise<ApiKeyRecord> {
  return changeKey(control, slug, keyId, 'revoked_at = coalesce(k.revoked_at, now())')
}

/**
 * Makes a key like another one, which ends after `overlapHours`, so that there is time to replace it everywhere. Throws
 * `not_found`, or `wrong_status` for one that has ended or was replaced already.
 */
export async function rotateKey(
  control: ControlPlane,
  slug: string,
  keyId: string,
  overlapHours: number,
): Promise<NewApiKey> {
  const { id } = await getTenant(control, slug)
  const drawn = drawApiKey()
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    const found = await client.query<ApiKeyRecord & { replaced_by: string | null }>(
      `SELECT ${columns}, k.replaced_by FROM catalog.api_keys k WHERE k.key_id = $1 AND k.tenant_id = $2 FOR UPDATE`,
      [keyId, id],
    )
    const [old] = found.rows
    if (old === undefined) throw notFound(slug, keyId)
    if (old.replaced_by !== null) {
      throw new AppError(
        'wrong_status',
        `The key ${keyId} was replaced by ${old.replaced_by} already; rotate that one.`,
      )
    }
    if (old.state !== 'active')
      throw new AppError('wrong_status', `The key ${keyId} is ${old.state}; create a new one.`)
    const made = await client.query<ApiKeyRecord>(
      `INSERT INTO catalog.api_keys AS k (key_id, tenant_id, name, key_hash, scopes, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
      [drawn.keyId, id, old.name, drawn.hash, old.scopes, old.expires_at],
    )
    await client.query(
      `UPDATE catalog.api_keys SET replaced_by = $2, expires_at = least(expires_at, now() + $3 * interval '1 hour')
       WHERE key_id = $1`,
      [keyId, drawn.keyId, overlapHours],
    )
    return { ...onlyRow(made.rows), key: drawn.text }
  })
}

async function changeKey(control: ControlPlane, slug: string, keyId: string, change: string): Promise<ApiKeyRecord> {
  const { id } = await getTenant(control, slug)
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<ApiKeyRecord>(
      `UPDATE catalog.api_keys k SET ${change} WHERE k.key_id = $1 AND k.tenant_id = $2 RETURNING ${columns}`,
      [keyId, id],
    ),
  )
  if (rows[0] === undefined) throw notFound(slug, keyId)
  return rows[0]
}

function notFound(slug: string, keyId: string): AppError {
  return new AppError('not_found', `The tenant "${slug}" has no key ${keyId}.`)
}

/** Brings the last use of a tenant's keys from its placement to the catalog, where it survives a move. */
export async function collectKeyUses(control: ControlPlane, slug: string): Promise<void> {
  const { id, ref } = await getTenant(control, slug)
  const ids = await readKeyIds(control, id)
  if (ids.length === 0) return
  const { rows } = await withOwnerTransaction(control.pools, ref.placement, (client) =>
    client.query<{ key_id: string; used_at: string }>(
      'SELECT key_id, used_at FROM atrium.key_uses WHERE key_id = ANY ($1)',
      [ids],
    ),
  )
  await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query(
      `UPDATE catalog.api_keys k SET last_used_at = greatest(k.last_used_at, u.used_at)
       FROM unnest($1::text[], $2::timestamptz[]) AS u (key_id, used_at) WHERE k.key_id = u.key_id`,
      [rows.map(({ key_id }) => key_id), rows.map(({ used_at }) => used_at)],
    ),
  )
}

/** Forgets in a placement what was noted there of a tenant's keys. */
export async function dropKeyUses(control: ControlPlane, tenantId: string, placement: string): Promise<void> {
  const ids = await readKeyIds(control, tenantId)
  await withOwnerTransaction(control.pools, placement, (client) =>
    client.query('DELETE FROM atrium.key_uses WHERE key_id = ANY ($1)', [ids]),
  )
}

async function readKeyIds({ pools, catalog }: ControlPlane, tenantId: string): Promise<string[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ key_id: string }>('SELECT key_id FROM catalog.api_keys WHERE tenant_id = $1', [tenantId]),
  )
  return rows.map(({ key_id }) => key_id)
}

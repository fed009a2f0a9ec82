import type pg from 'pg'
import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { sqlState, sqlStateOf } from '../db/sql-states.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'

/** Whose tokens a tenant takes, as operators see it. */
export interface TokenIssuerRecord {
  readonly id: string
  readonly issuer: string
  readonly audience: string
  readonly tenant_claim: string | null
  readonly tenant_value: string | null
  /** Where the keys are fetched; null: where the issuer's discovery document says. */
  readonly jwks_uri: string | null
  readonly scope_claim: string
  readonly scope_map: Readonly<Record<string, readonly string[]>> | null
  /** How many keys the issuer has, as they were fetched; null before the first time. */
  readonly signing_keys: number | null
  readonly fetched_at: string | null
  /** Why the keys could not be fetched the last time. */
  readonly problem: string | null
}

export interface IssuerRequest {
  readonly issuer: string
  readonly audience: string
  /** Where the keys are; null: where the issuer's discovery document says. */
  readonly jwksUri: string | null
  /** The claim, and its value, that tells this tenant's tokens from those of others behind the same issuer and audience. */
  readonly tenantClaim: { readonly name: string; readonly value: string } | null
  readonly scopeClaim: string
  readonly scopeMap: Readonly<Record<string, readonly string[]>> | null
}

const columns = `i.id, i.issuer, i.audience, nullif(i.tenant_claim, '') AS tenant_claim,
  nullif(i.tenant_value, '') AS tenant_value, s.jwks_uri, i.scope_claim, i.scope_map,
  jsonb_array_length(s.jwks -> 'keys') AS signing_keys, s.fetched_at, s.problem`

/**
 * Lets a tenant take an issuer's tokens. Throws `tenant_unknown`, or `issuer_taken` when another tenant takes those of the
 * same issuer and audience, and no claim, or another one, tells the two apart.
 */
export async function addIssuer(
  control: ControlPlane,
  slug: string,
  request: IssuerRequest,
): Promise<TokenIssuerRecord> {
  const tenant = await getTenant(control, slug)
  const { issuer, audience, tenantClaim } = request
  const claim = tenantClaim?.name ?? ''
  try {
    return await withOwnerTransaction(control.pools, control.catalog, async (client) => {
      await forgetUnused(client, issuer)
      await client.query('INSERT INTO catalog.signing_keys (issuer, jwks_uri) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        ...[issuer, request.jwksUri],
      ])
      const { rows } = await client.query<{ jwks_uri: string | null }>(
        'SELECT jwks_uri FROM catalog.signing_keys WHERE issuer = $1',
        [issuer],
      )
      const known = onlyRow(rows).jwks_uri
      if (request.jwksUri !== known) {
        // Nobody's keys come from where somebody else has said.
        const where = known ?? 'where its discovery document says'
        throw new AppError('issuer_taken', `The keys of ${issuer} are fetched already, from elsewhere: ${where}.`)
      }
      // The first tenant says which claim, if any, tells those behind the audience apart.
      await client.query(
        `INSERT INTO catalog.token_audiences (issuer, audience, tenant_claim) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        [issuer, audience, claim],
      )
      const made = await client.query<{ id: string }>(
        `INSERT INTO catalog.token_issuers
           (tenant_id, issuer, audience, tenant_claim, tenant_value, scope_claim, scope_map)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
        [
          ...[tenant.id, issuer, audience, claim, tenantClaim?.value ?? '', request.scopeClaim],
          request.scopeMap === null ? null : JSON.stringify(request.scopeMap),
        ],
      )
      const found = await client.query<TokenIssuerRecord>(
        `SELECT ${columns} FROM catalog.token_issuers i JOIN catalog.signing_keys s USING (issuer) WHERE i.id = $1`,
        [onlyRow(made.rows).id],
      )
      return onlyRow(found.rows)
    })
  } catch (error) {
    const state = sqlStateOf(error)
    if (state !== sqlState.uniqueViolation && state !== sqlState.foreignKeyViolation) throw error
    const reason =
      state === sqlState.uniqueViolation
        ? 'belong to a tenant already; name a claim and a value that tell the tenants behind it apart'
        : 'are told apart by another claim, or by none: all tenants behind one audience need the same'
    throw new AppError('issuer_taken', `The tokens of ${issuer} for ${audience} ${reason}.`, { cause: error })
  }
}

/** The issuers whose tokens a tenant takes. Throws `tenant_unknown`. */
export async function listIssuers(control: ControlPlane, slug: string): Promise<TokenIssuerRecord[]> {
  const { id } = await getTenant(control, slug)
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<TokenIssuerRecord>(
      `SELECT ${columns} FROM catalog.token_issuers i JOIN catalog.signing_keys s USING (issuer)
       WHERE i.tenant_id = $1 ORDER BY i.id`,
      [id],
    ),
  )
  return rows
}

/** Takes an issuer's tokens no longer: within 10 s. Throws `not_found`. */
export async function removeIssuer(control: ControlPlane, slug: string, id: string): Promise<void> {
  const tenant = await getTenant(control, slug)
  await withOwnerTransaction(control.pools, control.catalog, async (client) => {
    const { rowCount } = await client.query('DELETE FROM catalog.token_issuers WHERE id = $1 AND tenant_id = $2', [
      id,
      tenant.id,
    ])
    if (rowCount === 0) throw new AppError('not_found', `The tenant "${slug}" has no issuer ${id}.`)
  })
}

/** What is left of an issuer whose tenants are gone, removed or purged, is nobody's and binds nobody. */
async function forgetUnused(client: pg.ClientBase, issuer: string): Promise<void> {
  await client.query(
    `DELETE FROM catalog.token_audiences a WHERE a.issuer = $1 AND NOT EXISTS (
       SELECT FROM catalog.token_issuers i WHERE i.issuer = a.issuer AND i.audience = a.audience)`,
    [issuer],
  )
  await client.query(
    `DELETE FROM catalog.signing_keys s WHERE s.issuer = $1 AND NOT EXISTS (
       SELECT FROM catalog.token_audiences a WHERE a.issuer = s.issuer)`,
    [issuer],
  )
}

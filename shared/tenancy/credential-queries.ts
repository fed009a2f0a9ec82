import type { JSONWebKeySet } from 'jose'
import type { CatalogReader } from '../db/catalog.ts'

/** An API key as the catalog has it, good or not. */
export interface ApiKeyRow {
  readonly tenant_id: string
  readonly key_hash: Buffer
  readonly scopes: readonly string[]
  /** Milliseconds since 1970 from which on it is refused: expired or revoked; null for never. */
  readonly ends_at: number | null
}

export async function findApiKey(catalog: CatalogReader, keyId: string): Promise<ApiKeyRow | undefined> {
  const [row] = await catalog.read<ApiKeyRow>({
    text: `SELECT tenant_id, key_hash, scopes, (extract(epoch FROM least(expires_at, revoked_at)) * 1000)::float8 AS ends_at
      FROM catalog.api_keys WHERE key_id = $1`,
    values: [keyId],
  })
  return row
}

/** A tenant's trust in an issuer, with the issuer's keys. */
export interface TokenIssuerRow {
  readonly tenant_id: string
  readonly audience: string
  readonly scope_claim: string
  readonly scope_map: Readonly<Record<string, readonly string[]>> | null
  readonly jwks: JSONWebKeySet | null
}

/**
 * Who takes tokens of this issuer for one of these audiences, the tenant claim held against `claims`, those of the token as
 * it came: nothing is believed before the signature is verified with the keys that come along.
 */
export function findTokenIssuers(
  catalog: CatalogReader,
  token: { readonly issuer: string; readonly audiences: readonly string[]; readonly claims: unknown },
): Promise<TokenIssuerRow[]> {
  return catalog.read<TokenIssuerRow>({
    text: `SELECT i.tenant_id, i.audience, i.scope_claim, i.scope_map, s.jwks
      FROM catalog.token_issuers i JOIN catalog.signing_keys s ON s.issuer = i.issuer
      WHERE i.issuer = $1 AND i.audience = ANY ($2)
        AND (i.tenant_claim = '' OR ($3::jsonb -> i.tenant_claim) = to_jsonb(i.tenant_value))`,
    values: [token.issuer, token.audiences, JSON.stringify(token.claims)],
  })
}

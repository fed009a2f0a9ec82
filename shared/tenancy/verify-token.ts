import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Credential, Grant } from './credential.ts'
import type { TokenIssuerRow } from './credential-queries.ts'

/** Signed with a private key that the issuer alone has; a shared secret would let every tenant's API make tokens. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** Seconds that the issuer's clock may be off. */
const skew = 60

/** What a token says of itself before anything of it is believed. */
export interface ClaimedToken {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Those that are short texts, as a tenant's name would be. */
  readonly claims: Readonly<Record<string, string>>
}

/** Reads a token without believing it. Undefined for what is none, or names no issuer, audience or end. */
export function readToken(text: string): ClaimedToken | undefined {
  try {
    const { alg } = decodeProtectedHeader(text)
    const claims = decodeJwt(text)
    const audiences: unknown[] = [claims.aud ?? []].flat()
    if (alg === undefined || !algorithms.includes(alg)) return undefined
    if (!isShortText(claims.iss) || claims.exp === undefined || audiences.length === 0) return undefined
    if (!audiences.every(isShortText)) return undefined
    const texts = Object.entries(claims).filter((entry): entry is [string, string] => entry.every(isShortText))
    return { issuer: claims.iss, audiences, claims: Object.fromEntries(texts) }
  } catch {
    return undefined
  }
}

/** What PostgreSQL can compare with what the catalog holds. */
function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 500 && value.isWellFormed() && !value.includes('\0')
}

/** A verified token, with the end of its life in milliseconds since 1970. */
export interface VerifiedToken {
  readonly credential: Credential
  readonly endsAt: number
}

/**
 * Verifies signature, issuer, audience and times against each trust in the issuer. Answers whom the token is for;
 * `unknown key` when the issuer's keys, as they were fetched, lack the one that it names; undefined when it is not good.
 */
export async function verifyToken(
  text: string,
  token: ClaimedToken,
  trusts: readonly TokenIssuerRow[],
): Promise<VerifiedToken | 'unknown key' | undefined> {
  const [first] = trusts
  if (first === undefined) return undefined
  if (first.jwks === null) return 'unknown key'
  try {
    const { payload } = await jwtVerify(text, createLocalJWKSet(first.jwks), {
      ...{ algorithms, issuer: token.issuer, audience: trusts.map(({ audience }) => audience), clockTolerance: skew },
      requiredClaims: ['exp'],
    })
    const grants = mergeGrants(trusts.map((trust) => toGrant(trust, payload)))
    const label = `token ${typeof payload.sub === 'string' ? payload.sub.slice(0, 100) : 'without subject'}`
    return { credential: { label, grants }, endsAt: ((payload.exp ?? 0) + skew) * 1_000 }
  } catch (error) {
    // Whatever else is thrown, an unusable key of the issuer's included, comes of what was sent: it is not good.
    return error instanceof errors.JWKSNoMatchingKey ? 'unknown key' : undefined
  }
}

/** What a scope of a route looks like; a token may carry many more, which nobody asks for. */
const scopeShape = /^[a-z][a-z0-9-]{0,40}:(?:read|write)$/
const mostScopes = 64

/** A tenant may take a token for several of its audiences: it then allows what each of them does. */
function mergeGrants(grants: readonly Grant[]): Grant[] {
  return [...Map.groupBy(grants, ({ tenantId }) => tenantId)].map(([tenantId, group]) => ({
    ...{ tenantId, scopes: new Set(group.flatMap(({ scopes }) => [...scopes])) },
  }))
}

function toGrant({ tenant_id, scope_claim, scope_map }: TokenIssuerRow, payload: JWTPayload): Grant {
  const claimed = payload[scope_claim]
  const values: unknown[] = typeof claimed === 'string' ? claimed.split(' ') : Array.isArray(claimed) ? claimed : []
  const scopes =
    scope_map === null
      ? values
      : values.flatMap((value) =>
          typeof value === 'string' && Object.hasOwn(scope_map, value) ? (scope_map[value] ?? []) : [],
        )
  const known = scopes.filter((scope): scope is string => typeof scope === 'string' && scopeShape.test(scope))
  return { tenantId: tenant_id, scopes: new Set(known.slice(0, mostScopes)) }
}

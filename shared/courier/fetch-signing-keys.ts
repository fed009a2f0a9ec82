import * as z from 'zod'
import { AppError } from '../errors.ts'
import { jsonWebKeySet, type SigningKeysRequest } from './courier-request.ts'
import { type FetchOptions, fetchJson, longest } from './fetch-json.ts'

/** OpenID Connect Discovery 1.0, section 4. */
const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() })

/**
 * Fetches the public keys of an issuer, from where it says or was said to have them. Throws `fetch_failed`, also for a
 * discovery document of another issuer.
 */
export async function fetchSigningKeys(
  { issuer, jwksUri }: SigningKeysRequest,
  options: FetchOptions = {},
): Promise<z.output<typeof jsonWebKeySet>> {
  // One limit for both fetches.
  const limited = { signal: AbortSignal.timeout(longest), ...options }
  const uri = jwksUri ?? (await discover(issuer, limited))
  const found = jsonWebKeySet.safeParse(await fetchJson(uri, limited))
  if (found.success && found.data.keys.length > 0) return found.data
  throw new AppError('fetch_failed', `${uri} holds no public keys (RFC 7517).`)
}

async function discover(issuer: string, options: FetchOptions): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const found = discovery.safeParse(await fetchJson(url, options))
  if (found.success && found.data.issuer === issuer) return found.data.jwks_uri
  throw new AppError('fetch_failed', `${url} is no discovery document of ${issuer}.`)
}

import { timingSafeEqual } from 'node:crypto'
import { createAgedCache } from '../aged-cache.ts'
import type { CatalogReader } from '../db/catalog.ts'
import { createSingleFlight } from '../single-flight.ts'
import type { Credential, SentCredential } from './credential.ts'
import { findApiKey, findTokenIssuers } from './credential-queries.ts'

export interface CredentialDirectory {
  /**
   * The credential, if it is good now. Throws `unavailable` when the catalog must be asked and is out of reach: unlike a
   * tenant, a credential is never believed for longer than 10 s.
   */
  find(sent: SentCredential): Promise<Credential | undefined>
  /** Whether it was found not to be good a moment ago: nothing more need be looked up. */
  isRefused(sent: SentCredential): boolean
}

export interface CredentialDirectoryOptions {
  readonly catalog: CatalogReader
  /** Has the keys of an issuer fetched anew, or not, if that was done a moment ago. Answers whether they were. */
  refreshSigningKeys(issuer: string): Promise<boolean>
  now?(): number
}

interface Known {
  readonly credential: Credential
  /** Milliseconds since 1970 from which on it is refused. */
  readonly endsAt: number
}

const second = 1_000
const ages = { hit: 10 * second, miss: 1 * second }
const sizes = { keys: 10_000, tokens: 1_000, misses: 1_000 }

/**
 * Remembers good credentials for 10 s by their SHA-256, and others for 1 s in a small cache of their own, so that a flood of
 * made-up ones drives out no good one. Those who bring the same one at the same time share one query.
 */
export function createCredentialDirectory(options: CredentialDirectoryOptions): CredentialDirectory {
  const { catalog } = options
  const now = options.now ?? (() => Date.now())
  // Apart, since a key costs little, and a token what its issuer puts into it.
  const remembered = {
    key: createAgedCache<Known>({ maxAge: ages.hit, maxEntries: sizes.keys, now }),
    token: createAgedCache<Known>({ maxAge: ages.hit, maxEntries: sizes.tokens, now }),
  }
  const misses = createAgedCache<true>({ maxAge: ages.miss, maxEntries: sizes.misses, now })
  const once = createSingleFlight<Known | undefined>()

  const askForKey = async ({ keyId, digest }: Extract<SentCredential, { kind: 'key' }>): Promise<Known | undefined> => {
    const row = await findApiKey(catalog, keyId)
    // Compared with something in any case, in constant time.
    const same = timingSafeEqual(row?.key_hash ?? Buffer.alloc(32), Buffer.from(digest, 'base64'))
    if (row === undefined || !same) return undefined
    const grants = [{ tenantId: row.tenant_id, scopes: new Set(row.scopes) }]
    return { credential: { label: `key ${keyId}`, grants, keyId }, endsAt: row.ends_at ?? Number.POSITIVE_INFINITY }
  }

  const askForToken = async ({ text }: Extract<SentCredential, { kind: 'token' }>): Promise<Known | undefined> => {
    // Loaded when the first token comes: a stage that has keys alone never pays for it.
    const { readToken, verifyToken } = await import('./verify-token.ts')
    const token = readToken(text)
    if (token === undefined) return undefined
    const verified = await verifyToken(text, token, await findTokenIssuers(catalog, token))
    if (verified !== 'unknown key') return verified
    // A key that the issuer has begun to use since: at most once a minute for each issuer, whatever is sent.
    if (!(await options.refreshSigningKeys(token.issuer))) return undefined
    const again = await verifyToken(text, token, await findTokenIssuers(catalog, token))
    return again === 'unknown key' ? undefined : again
  }

  const ask = async (sent: SentCredential): Promise<Known | undefined> => {
    const known = await (sent.kind === 'key' ? askForKey(sent) : askForToken(sent))
    if (known === undefined || known.endsAt <= now()) {
      misses.set(sent.digest, true)
      return undefined
    }
    remembered[sent.kind].set(sent.digest, known)
    return known
  }

  return {
    isRefused: ({ digest }) => misses.get(digest) === true,
    async find(sent) {
      const { kind, digest } = sent
      const cached = remembered[kind].get(digest)
      if (cached !== undefined) return cached.endsAt > now() ? cached.credential : undefined
      if (misses.get(digest)) return undefined
      return (await once(digest, () => ask(sent)))?.credential
    },
  }
}

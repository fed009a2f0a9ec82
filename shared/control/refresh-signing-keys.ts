import { setTimeout as sleep } from 'node:timers/promises'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { invokeCourier } from './invoke-function.ts'

/** Seconds between two fetches of one issuer's keys, whoever asks: a flood of made-up tokens fetches no more. */
const soonest = 60
/** Seconds after which they are fetched anew without anyone asking, and how many issuers at a time. */
const schedule = { age: 60 * 60, issuers: 20 }

/** Milliseconds that a fetch takes at most: who asks waits no longer for it (`shared/http/ask-for-signing-keys.ts`). */
const longestFetch = 8_000
const pollInterval = 100

type Fetch = typeof invokeCourier

/**
 * Fetches an issuer's keys through the courier and stores them; what was fetched before stays when that fails. Answers
 * whether there are new ones: those of who asked first, where they are under way, and not when somebody had them within the last
 * minute, nor for an issuer that no tenant takes.
 */
export async function refreshSigningKeys(
  { pools, catalog }: ControlPlane,
  issuer: string,
  fetchKeys: Fetch = invokeCourier,
): Promise<boolean> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ jwks_uri: string | null; asked_at: string }>(
      `UPDATE catalog.signing_keys s SET asked_at = clock_timestamp(), problem = NULL
       WHERE s.issuer = $1 AND coalesce(s.asked_at < clock_timestamp() - $2 * interval '1 s', true)
         AND EXISTS (SELECT FROM catalog.token_issuers i WHERE i.issuer = s.issuer)
       RETURNING s.jwks_uri, s.asked_at::text`,
      [issuer, soonest],
    ),
  )
  const [asked] = rows
  if (asked === undefined) return awaitFetch({ pools, catalog }, issuer)
  try {
    const jwks = await fetchKeys({ kind: 'jwks', issuer, jwksUri: asked.jwks_uri })
    // The issuer may have been removed meanwhile, and added again with its keys elsewhere: that is another row.
    const { rowCount } = await withOwnerTransaction(pools, catalog, (client) =>
      client.query(
        `UPDATE catalog.signing_keys SET jwks = $2, fetched_at = clock_timestamp(), problem = NULL
         WHERE issuer = $1 AND asked_at = $3::timestamptz`,
        [issuer, JSON.stringify(jwks), asked.asked_at],
      ),
    )
    return rowCount === 1
  } catch (error) {
    const problem = error instanceof AppError ? error.message : 'the log has the cause'
    await withOwnerTransaction(pools, catalog, (client) =>
      client.query('UPDATE catalog.signing_keys SET problem = $2 WHERE issuer = $1 AND asked_at = $3::timestamptz', [
        ...[issuer, problem, asked.asked_at],
      ]),
    )
    throw error
  }
}

/** Waits for the fetch that somebody else has begun, if one is under way. Answers whether it brought keys. */
async function awaitFetch({ pools, catalog }: ControlPlane, issuer: string): Promise<boolean> {
  const until = performance.now() + longestFetch
  for (let waited = false; ; waited = true) {
    const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
      client.query<{ under_way: boolean; fetched: boolean }>(
        `SELECT fetched, NOT fetched AND problem IS NULL AND asked_at > clock_timestamp() - $2 * interval '1 ms' AS under_way
         FROM (SELECT *, coalesce(fetched_at >= asked_at, false) AS fetched FROM catalog.signing_keys WHERE issuer = $1) s`,
        [issuer, longestFetch],
      ),
    )
    const [state] = rows
    if (!state?.under_way || performance.now() > until) return waited && state?.fetched === true
    await sleep(pollInterval)
  }
}

/** Fetches the keys of issuers whose turn it is. Answers how many were fetched; one that fails keeps none of the others. */
export async function refreshDueSigningKeys(control: ControlPlane, fetchKeys: Fetch = invokeCourier): Promise<number> {
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<{ issuer: string }>(
      `SELECT issuer FROM catalog.signing_keys s WHERE coalesce(asked_at < now() - $1 * interval '1 s', true)
         AND EXISTS (SELECT FROM catalog.token_issuers i WHERE i.issuer = s.issuer)
       ORDER BY asked_at NULLS FIRST LIMIT $2`,
      [schedule.age, schedule.issuers],
    ),
  )
  const refreshed = await Promise.allSettled(rows.map(({ issuer }) => refreshSigningKeys(control, issuer, fetchKeys)))
  return refreshed.filter((each) => each.status === 'fulfilled' && each.value).length
}

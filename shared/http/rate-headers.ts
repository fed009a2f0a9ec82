import type { RateState } from '../tenancy/rate-leases.ts'

/**
 * What a tenant may ask for, and still may, as draft-ietf-httpapi-ratelimit-headers-10 writes it: `q` requests in `w` seconds, `r`
 * of them left, `t` seconds until they are all there again. Nothing for a plan without a rate.
 */
export function rateHeaders(rate: RateState | undefined): Readonly<Record<string, string>> {
  if (rate === undefined) return {}
  const { perSecond, burst, remaining, resetIn } = rate
  return {
    'ratelimit-policy': `"plan";q=${burst};w=${Math.max(1, Math.ceil(burst / perSecond))}`,
    ratelimit: `"plan";r=${remaining};t=${resetIn}`,
  }
}

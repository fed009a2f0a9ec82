import { setTimeout as sleep } from 'node:timers/promises'

export interface Tries {
  /** How often a request is sent, at most. */
  readonly most: number
  /** Milliseconds that each of them may take. */
  readonly timeout: number
  readonly fetch: typeof fetch
}

/** Milliseconds before the second try; doubled before each further one, and shortened at random so that clients part. */
const firstPause = 200
/** Milliseconds: an API that asks for a longer pause is not waited for. */
const longestPause = 60_000

/** What says that the same request may succeed soon (RFC 9110). */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Sends a request again when no answer came, or one that says that a later try may succeed, if sending it twice does no more
 * than once: a GET, and a POST with an idempotency key. What was done by a PATCH or DELETE whose answer was lost is for the
 * caller to find out. Rejects as `fetch` does after the last try, and at once when the request's own signal is aborted.
 */
export async function fetchAgain(request: Request, tries: Tries): Promise<Response> {
  const isRepeatable = request.method === 'GET' || (request.method === 'POST' && request.headers.has('idempotency-key'))
  const most = isRepeatable ? tries.most : 1
  for (let tried = 1; ; tried += 1) {
    const isLast = tried >= most
    const outcome = await fetchWhole(request, tries).catch((error: unknown) => {
      if (isLast || request.signal.aborted) throw error
      return undefined
    })
    const pause = outcome === undefined ? pauseBefore(tried) : pauseAsked(outcome, tried)
    if (outcome !== undefined && (isLast || pause === undefined)) return outcome
    await sleep(pause, undefined, { signal: request.signal })
  }
}

/** With the body read: an answer that breaks off in the middle is none. */
async function fetchWhole(request: Request, { fetch: send, timeout }: Tries): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeout)])
  const answer = await send(new Request(request.clone(), { signal }))
  const body = await answer.arrayBuffer()
  const { status, statusText, headers } = answer
  return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers })
}

/** Milliseconds to wait after an answer; undefined for one that stands. */
function pauseAsked({ status, headers }: Response, tried: number): number | undefined {
  const asked = milliseconds(headers.get('retry-after'))
  // With a time to wait for: another request with its key is under way. And a 500 of the gateway's own: the function died.
  const isBusy = status === 409 && asked !== undefined
  const isCrash = status === 500 && headers.get('content-type')?.startsWith('application/problem+json') !== true
  if (!passing.has(status) && !isBusy && !isCrash) return undefined
  if (asked === undefined) return pauseBefore(tried)
  return asked > longestPause ? undefined : asked + pauseBefore(1)
}

/** `Retry-After` is a number of seconds, or a date. */
function milliseconds(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined
  const seconds = Number(retryAfter)
  const wait = Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : seconds * 1_000
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

function pauseBefore(tried: number): number {
  return firstPause * 2 ** (tried - 1) * (0.5 + Math.random() / 2)
}

export interface Tries {
  /** How often a request is sent, at most. */
  readonly most: number
  /** Milliseconds that each of them may take. */
  readonly timeout: number
  readonly fetch: typeof fetch
}

/** Milliseconds before the second try; doubled before each further one, and shortened at random so that clients part. */
const firstPause = 200
/** Seconds: an API that asks for a longer pause is not waited for. */
const longestPause = 60

/** What says that the same request may succeed soon (RFC 9110; 409 with Retry-After: another with its key is under way). */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Sends a request again when no answer came, or one that says that a later try may succeed, as long as sending it twice
 * does no more than once: every method but POST, and a POST with an idempotency key. Rejects as `fetch` does after the last.
 */
export async function fetchAgain(request: Request, tries: Tries): Promise<Response> {
  const most = request.method === 'POST' && !request.headers.has('idempotency-key') ? 1 : tries.most
  for (let tried = 1; ; tried += 1) {
    const isLast = tried >= most
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(tries.timeout)])
    const outcome = await tries.fetch(new Request(request.clone(), { signal })).catch((error: unknown) => {
      if (isLast || request.signal.aborted) throw error
      return undefined
    })
    const pause = outcome === undefined ? pauseBefore(tried) : pauseAsked(outcome, tried)
    if (outcome !== undefined && (isLast || pause === undefined)) return outcome
    await outcome?.body?.cancel()
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Milliseconds to wait after an answer; undefined for one that stands. */
function pauseAsked({ status, headers }: Response, tried: number): number | undefined {
  const asked = headers.get('retry-after')
  const seconds = asked === null ? Number.NaN : Number(asked)
  if (!passing.has(status) && !(status === 409 && seconds > 0)) return undefined
  if (seconds > longestPause) return undefined
  return seconds > 0 ? seconds * 1_000 + pauseBefore(1) : pauseBefore(tried)
}

function pauseBefore(tried: number): number {
  return firstPause * 2 ** (tried - 1) * (0.5 + Math.random() / 2)
}

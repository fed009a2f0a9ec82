import { createAgedCache } from '../aged-cache.ts'
import { invokeFunction } from '../aws/invoke-function.ts'
import { readEnvironment } from '../environment.ts'
import { describeError, log } from '../logger.ts'

/**
 * Milliseconds between two requests of one instance for one issuer's keys, and behind one that could not be answered, as when too many
 * instances ask at once; the control plane has a limit of its own.
 */
const interval = 60_000
const afterFailure = 5_000

/** Milliseconds that the request waits for it: the caller has not been let in yet. */
const longest = 8_000

const asked = createAgedCache<'answered' | 'failed'>({ maxAge: interval, maxEntries: 1_000 })

/**
 * Has the control plane fetch an issuer's keys anew, since a token names one that is not known: this function reaches
 * neither the internet nor a table that it could write them to. Answers whether it is worth looking again.
 */
export async function askForSigningKeys(issuer: string): Promise<boolean> {
  const { SIGNING_KEYS_FUNCTION } = readEnvironment()
  const isSoon = asked.get(issuer) === 'answered' || asked.getWithin(issuer, afterFailure) !== undefined
  if (SIGNING_KEYS_FUNCTION === undefined || isSoon) return false
  asked.set(issuer, 'answered')
  try {
    const { hasFailed } = await invokeFunction(SIGNING_KEYS_FUNCTION, { issuer }, AbortSignal.timeout(longest))
    return !hasFailed
  } catch (error) {
    asked.set(issuer, 'failed')
    log.warn('signing keys could not be asked for', { issuer, error: describeError(error) })
    return false
  }
}

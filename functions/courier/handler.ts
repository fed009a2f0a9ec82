import { courierRequest } from '../../shared/courier/courier-request.ts'
import { fetchSigningKeys } from '../../shared/courier/fetch-signing-keys.ts'
import { AppError } from '../../shared/errors.ts'
import { describeError, log } from '../../shared/logger.ts'

/**
 * The one function that reaches the internet, for others: outside the VPC, without any database's credentials. Why
 * something could not be done is an answer, not a failure of the function.
 */
export async function handler(event: unknown): Promise<unknown> {
  const request = courierRequest.parse(event)
  if (request.kind !== 'jwks') {
    // The clients of three services: loaded by who needs them.
    const { serveDomainRequest } = await import('../../shared/courier/domains/serve-domain-request.ts')
    return serveDomainRequest(request)
  }
  try {
    return { jwks: await fetchSigningKeys(request) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    log.warn('a fetch failed', { issuer: request.issuer, error: describeError(error) })
    return { failed: error.message }
  }
}

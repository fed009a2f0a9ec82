import type { Refusal } from './domain-request.ts'

/** AWS is busy, or has not settled what it did before: the same will do later. */
const passing = new Set([
  ...['ThrottlingException', 'Throttling', 'TooManyRequestsException', 'RequestLimitExceeded', 'ServiceUnavailable'],
  ...['ResourceInUseException', 'ResourceInUse', 'InvalidIfMatchVersion', 'PreconditionFailed', 'ResourceNotDisabled'],
  ...['RequestInProgressException', 'CannotDeleteEntityWhileInUse', 'CannotUpdateEntityWhileInUse'],
])

const quotas = new Set(['LimitExceededException', 'ServiceQuotaExceededException', 'EntityLimitExceeded'])
const taken = new Set(['CNAMEAlreadyExists', 'ConflictException', 'EntityAlreadyExists', 'BadRequestException'])

/** An error of an AWS call, as what the tenant's operator is told: what it was, and what to do. */
export function refusalOf(error: unknown, service: string): Refusal {
  const name = error instanceof Error ? error.name : ''
  const message = error instanceof Error ? error.message : ''
  const status = statusOf(error)
  if (passing.has(name) || status === undefined || status >= 500 || status === 429) {
    return {
      refused: `${service} cannot do it right now (${name || 'no answer'}); it is tried again by itself.`,
      final: false,
    }
  }
  if (quotas.has(name)) {
    const refused = `A quota of ${service} is reached: ${message} Raise it at Service Quotas, or remove names; then verify again.`
    return { refused, final: true }
  }
  if (taken.has(name)) {
    const refused = `${service} refuses the name: ${message} Free it where it is in use, another account perhaps; then verify again.`
    return { refused, final: true }
  }
  return { refused: `${service} refuses: ${name} ${message}`.trim(), final: status !== 403 }
}

function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

/** Whether AWS says that what is meant is not there. */
export function isMissing(error: unknown): boolean {
  const name = error instanceof Error ? error.name : ''
  return ['ResourceNotFoundException', 'NotFoundException', 'EntityNotFound', 'NoSuchDistributionTenant'].includes(name)
}

import type { Refusal } from './domain-request.ts'

/** AWS is busy, or has not settled what it did before: the same will do later. */
const passing = new Set(
  `ThrottlingException Throttling TooManyRequestsException RequestLimitExceeded ServiceUnavailable
  ResourceInUseException ResourceInUse InvalidIfMatchVersion PreconditionFailed ResourceNotDisabled
  InvalidStateException RequestInProgressException CannotDeleteEntityWhileInUse CannotUpdateEntityWhileInUse`.split(
    /\s+/,
  ),
)

/** Nobody's fault but the deployment's, which somebody will mend: the name did nothing wrong. */
const notAllowed = /AccessDenied|ExpiredToken|UnrecognizedClient|InvalidClientToken|Unauthorized/

/** The name is served by something that is not ours. */
export class NameInUse extends Error {
  override readonly name = 'NameInUse'
}

const quotas = new Set(['LimitExceededException', 'ServiceQuotaExceededException', 'EntityLimitExceeded'])
const taken = new Set([
  'NameInUse',
  'CNAMEAlreadyExists',
  'ConflictException',
  'EntityAlreadyExists',
  'BadRequestException',
])

/** An error of an AWS call, as what the tenant's operator is told: what it was, and what to do. */
export function refusalOf(error: unknown, service: string): Refusal {
  const name = error instanceof Error ? error.name : ''
  const message = error instanceof Error ? error.message : ''
  const status = error instanceof NameInUse ? 409 : statusOf(error)
  // CloudFront takes a name only when public DNS has it there, as it sees it.
  const isUnseen = name === 'InvalidArgument' && /ownership|pointing/i.test(message)
  if (passing.has(name) || isUnseen || status === undefined || status >= 500 || status === 429) {
    const said = [name, message].filter((part) => part !== '').join(': ') || 'no answer'
    return { refused: `${service} cannot do it right now (${said}). It is tried again by itself.`, final: false }
  }
  if (notAllowed.test(name)) return { refused: `${service} does not let the courier: ${name} ${message}`, final: false }
  if (quotas.has(name)) {
    const refused = `A quota of ${service} is reached: ${message} Raise it at Service Quotas, or remove names; then verify again.`
    return { refused, final: true }
  }
  if (taken.has(name)) {
    const refused = `${service} refuses the name: ${message} Free it where it is in use, another account perhaps; then verify again.`
    return { refused, final: true }
  }
  return { refused: `${service} refuses: ${name} ${message}`.trim(), final: true }
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

import type { JSONWebKeySet } from 'jose'
import { invokeFunction } from '../aws/invoke-function.ts'
import { type CourierRequest, type SigningKeysRequest, signingKeysAnswer } from '../courier/courier-request.ts'
import {
  type DomainRequest,
  type DomainResult,
  domainResults,
  type Refusal,
  refusal,
} from '../courier/domains/domain-request.ts'
import { readEnvironment } from '../environment.ts'
import { AppError } from '../errors.ts'
import type { SeparationProof } from '../tenancy/prove-separation.ts'

/** What the bootstrap function is asked. */
export interface BootstrapRequest {
  readonly placement: string
}

/** What it answers: the database that is there now, or why nothing was made. */
export type BootstrapAnswer =
  | { readonly database: string }
  | { readonly refused: string; readonly code: 'connections_short' | 'placement_unknown' }

/** What the probe function is asked. */
export interface ProbeRequest {
  readonly placement: string
  /** Two tenants of it. */
  readonly schemas: readonly [string, string]
}

/**
 * Has the bootstrap function, the only one that holds the master secret, bring a placement to life. Throws
 * `connections_short` when its server has too few, `placement_unknown` for one that was not deployed, and `unavailable` when
 * the function fails.
 */
export async function invokeBootstrap(request: BootstrapRequest): Promise<void> {
  const failure = `The placement "${request.placement}" could not be made`
  const answer: BootstrapAnswer = JSON.parse(await invoke('BOOTSTRAP_FUNCTION', request, failure))
  if ('refused' in answer) throw new AppError(answer.code, `${failure}: ${answer.refused}.`)
}

/** Has the probe function try to mix up two tenants with the API's login. Throws `unavailable` when the function fails. */
export async function invokeProbe(request: ProbeRequest): Promise<SeparationProof> {
  const answer = await invoke('PROBE_FUNCTION', request, `The placement "${request.placement}" could not be probed`)
  return JSON.parse(answer)
}

/**
 * Has the courier, which alone reaches the internet, fetch an issuer's public keys. Throws `fetch_failed` with why it could
 * not, or `unavailable` when the function fails.
 */
export async function invokeCourier(request: SigningKeysRequest): Promise<JSONWebKeySet> {
  const answer = signingKeysAnswer.parse(JSON.parse(await invoke('COURIER_FUNCTION', request, 'The courier failed')))
  if ('failed' in answer) throw new AppError('fetch_failed', answer.failed)
  return answer.jwks
}

/** Has the courier do its part for a domain, or tell why it could not. */
export type AskForDomain = <Request extends DomainRequest>(
  request: Request,
) => Promise<DomainResult<Request['kind']> | Refusal>

/** See {@link AskForDomain}. Throws `unavailable` when the function itself fails. */
export const invokeCourierForDomain: AskForDomain = async (request) => {
  const answer: unknown = JSON.parse(await invoke('COURIER_FUNCTION', request, 'The courier failed'))
  const refused = refusal.safeParse(answer)
  // The schema is that of the request's kind, which the compiler cannot follow through the table.
  return refused.success ? refused.data : (domainResults[request.kind].parse(answer) as never)
}

async function invoke(
  variable: 'BOOTSTRAP_FUNCTION' | 'PROBE_FUNCTION' | 'COURIER_FUNCTION',
  request: BootstrapRequest | ProbeRequest | CourierRequest,
  failure: string,
): Promise<string> {
  const { [variable]: FunctionName } = readEnvironment()
  if (FunctionName === undefined) throw new Error(`${variable} is not set`)
  const { hasFailed, payload } = await invokeFunction(FunctionName, request)
  if (!hasFailed) return payload
  throw new AppError('unavailable', `${failure}; the log of the function "${FunctionName}" has the cause.`, {
    cause: new Error(payload),
  })
}

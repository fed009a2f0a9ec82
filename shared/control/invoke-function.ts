import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { readEnvironment } from '../environment.ts'
import { AppError } from '../errors.ts'
import type { SeparationProof } from '../tenancy/prove-separation.ts'

/** What the bootstrap function is asked. */
export interface BootstrapRequest {
  readonly placement: string
}

/** What the probe function is asked. */
export interface ProbeRequest {
  readonly placement: string
  /** Two tenants of it. */
  readonly schemas: readonly [string, string]
}

/**
 * Has the bootstrap function, the only one that holds the master secret, bring a placement to life. Throws `unavailable`
 * when the function fails.
 */
export async function invokeBootstrap(request: BootstrapRequest): Promise<void> {
  await invoke('BOOTSTRAP_FUNCTION', request, `The placement "${request.placement}" could not be made`)
}

/** Has the probe function try to mix up two tenants with the API's login. Throws `unavailable` when the function fails. */
export async function invokeProbe(request: ProbeRequest): Promise<SeparationProof> {
  const answer = await invoke('PROBE_FUNCTION', request, `The placement "${request.placement}" could not be probed`)
  return JSON.parse(answer)
}

async function invoke(
  variable: 'BOOTSTRAP_FUNCTION' | 'PROBE_FUNCTION',
  request: BootstrapRequest | ProbeRequest,
  failure: string,
): Promise<string> {
  const { [variable]: FunctionName } = readEnvironment()
  if (FunctionName === undefined) throw new Error(`${variable} is not set`)
  const answer = await new LambdaClient({}).send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }))
  const payload = answer.Payload?.transformToString() ?? ''
  if (answer.FunctionError === undefined) return payload
  throw new AppError('unavailable', `${failure}; the log of the function "${FunctionName}" has the cause.`, {
    cause: new Error(payload),
  })
}

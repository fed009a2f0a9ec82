import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { readEnvironment } from '../environment.ts'
import { AppError } from '../errors.ts'

/** What the bootstrap function is asked. */
export interface BootstrapRequest {
  readonly placement: string
}

/**
 * Has the bootstrap function, the only one that holds the master secret, bring a placement to life. Throws
 * `placement_unknown` when its logins' secrets are not declared, `unavailable` when the function fails.
 */
export async function invokeBootstrap(request: BootstrapRequest): Promise<void> {
  const { BOOTSTRAP_FUNCTION } = readEnvironment()
  if (BOOTSTRAP_FUNCTION === undefined) throw new Error('BOOTSTRAP_FUNCTION is not set')
  const answer = await new LambdaClient({}).send(
    new InvokeCommand({ FunctionName: BOOTSTRAP_FUNCTION, Payload: JSON.stringify(request) }),
  )
  if (answer.FunctionError === undefined) return
  throw new AppError(
    'unavailable',
    `The placement "${request.placement}" could not be made; the bootstrap function's log has the cause.`,
    {
      cause: new Error(answer.Payload?.transformToString()),
    },
  )
}

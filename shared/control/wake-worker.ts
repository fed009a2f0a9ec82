import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { readEnvironment } from '../environment.ts'
import { describeError, log } from '../logger.ts'

/**
 * Has the operations worked on now rather than within the minute. An operation is recorded by then, and worked on in any
 * case: what goes wrong here is only written down. Does nothing where no machine is configured, as locally, where the
 * gateway plays it.
 */
export async function wakeWorker(): Promise<void> {
  const { OPERATIONS_MACHINE } = readEnvironment()
  if (OPERATIONS_MACHINE === undefined) return
  try {
    await new SFNClient({}).send(new StartExecutionCommand({ stateMachineArn: OPERATIONS_MACHINE, input: '{}' }))
  } catch (error) {
    log.warn('the operations could not be begun at once', { error: describeError(error) })
  }
}

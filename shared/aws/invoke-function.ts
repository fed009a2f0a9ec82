import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { clientConfig } from './client-config.ts'
import { type Wire, wireProtocol } from './wire-protocol.ts'

const invoke: Wire<{ FunctionName: string; Payload: string }, { FunctionError?: string; Payload: string }> = {
  request: ({ FunctionName, Payload }) => ({
    path: `/2015-03-31/functions/${encodeURIComponent(FunctionName)}/invocations`,
    headers: { 'content-type': 'application/octet-stream' },
    body: Payload,
  }),
  output: (Payload, { 'x-amz-function-error': FunctionError }) => ({
    Payload,
    ...(FunctionError === undefined ? {} : { FunctionError }),
  }),
}

/** The function's answer as JSON, or what it failed with. */
export interface InvokeResult {
  readonly hasFailed: boolean
  readonly payload: string
}

/** Has another function work, and waits for as long as it works or until the signal. Throws Lambda's errors. */
export async function invokeFunction(
  FunctionName: string,
  request: unknown,
  abortSignal?: AbortSignal,
): Promise<InvokeResult> {
  const client = new LambdaClient({
    ...clientConfig('LAMBDA', { connectionTimeout: 1_000 }),
    protocol: wireProtocol({ Invoke: invoke }),
  })
  const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) })
  const answer = await client.send(command, abortSignal === undefined ? {} : { abortSignal })
  // What the wire above makes of it; the client declares bytes.
  return { hasFailed: answer.FunctionError !== undefined, payload: String(answer.Payload ?? '') }
}

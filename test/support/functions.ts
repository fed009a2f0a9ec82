import { type InvokeEndpoint, startInvokeEndpoint } from '../../local/invoke-endpoint.ts'
import type { TestStage } from './stage.ts'

/**
 * Has the code under test find these handlers at Lambda's Invoke, each by its name. What one throws is answered as the
 * function's own error.
 */
export async function startFunctions(
  { secrets }: Pick<TestStage, 'secrets'>,
  handlers: Readonly<Record<string, (event: unknown) => Promise<unknown>>>,
): Promise<InvokeEndpoint> {
  const functions = Object.entries(handlers).map(([name, handler]) => {
    const invoke = (event: unknown) =>
      handler(event).then(
        (result) => ({ result }),
        ({ name: errorType, message: errorMessage }: Error) => ({ error: { errorType, errorMessage, trace: [] } }),
      )
    return [name, { invoke }] as const
  })
  const endpoint = await startInvokeEndpoint(new Map(functions), secrets.accessKeyId)
  process.env.AWS_ENDPOINT_URL_LAMBDA = endpoint.url
  return endpoint
}

import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Handler } from '../shared/http/create-handler.ts'
import { type BenchStage, lambdaContext } from './stage.ts'

/** The application plane's functions in this process, as one instance of each on Lambda. */
export interface BenchFunction {
  /** Answers the event; throws for an answer of 400 or above. */
  run(event: Awaited<ReturnType<BenchStage['eventFor']>>): Promise<APIGatewayProxyStructuredResultV2>
  ask(...request: Parameters<BenchStage['eventFor']>): Promise<APIGatewayProxyStructuredResultV2>
  end(): Promise<void>
}

/**
 * Opens the functions on a stage, over another port than the server's if told. Their log lines are made, and go nowhere: on Lambda
 * they go into a pipe. A process opens them once: what an instance keeps is its modules'.
 */
export async function openFunction(
  stage: BenchStage,
  { port }: { readonly port?: number } = {},
): Promise<BenchFunction> {
  if (port !== undefined) await stage.leadFunctionsOver(port)
  const [{ handler: products }, { handler: orders }, { applicationPools }] = await Promise.all([
    import('../functions/products/handler.ts') as Promise<{ handler: Handler }>,
    import('../functions/orders/handler.ts') as Promise<{ handler: Handler }>,
    import('../shared/db/application-pools.ts'),
  ])
  const write = process.stdout.write.bind(process.stdout)
  const silenced: typeof process.stdout.write = (chunk, ...rest) =>
    typeof chunk === 'string' && chunk.startsWith('{"timestamp"') ? true : write(chunk as string, ...(rest as []))
  process.stdout.write = silenced
  const run: BenchFunction['run'] = async (event) => {
    const answer = await (event.routeKey.includes('/orders') ? orders : products)(event, lambdaContext)
    if ((answer.statusCode ?? 500) >= 400)
      throw new Error(`${event.routeKey} was answered ${answer.statusCode}: ${answer.body}`)
    return answer
  }
  return {
    run,
    ask: async (...request) => run(await stage.eventFor(...request)),
    async end() {
      process.stdout.write = write
      await applicationPools().end()
    },
  }
}

import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import type { Endpoint } from './endpoint.ts'
import type { HttpResult, RequestContext } from './request-state.ts'
import { respond } from './respond.ts'
import { answerErrors } from './steps/answer-errors.ts'
import { logRequest } from './steps/log-request.ts'
import { resolveRequestTenant } from './steps/resolve-request-tenant.ts'
import { validateRequest } from './steps/validate-request.ts'

export type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResult>

/**
 * The life of a request, in one place. On the way in the steps run from top to bottom; on the way out, and for an
 * error, from bottom to top, so that the log sees the final status. `endpoints` are found by `routeKey`.
 */
export function createHandler(endpoints: Readonly<Record<string, Endpoint>>): Handler {
  const run = middy<APIGatewayProxyEventV2, HttpResult, unknown, RequestContext>({ timeoutEarlyInMillis: 0 })
    .use(logRequest())
    .use(answerErrors())
    .use(resolveRequestTenant())
    .use(validateRequest())
    .handler(async (event, { state }) => {
      if (state.work === undefined) throw new Error(`no work was prepared for the route "${event.routeKey}"`)
      return respond(await state.work(), state.requestId)
    })

  return (event, context) => {
    const state = {
      requestId: event.requestContext.requestId,
      startedAt: performance.now(),
      endpoint: Object.hasOwn(endpoints, event.routeKey) ? endpoints[event.routeKey] : undefined,
    }
    return run(event, { ...context, state })
  }
}

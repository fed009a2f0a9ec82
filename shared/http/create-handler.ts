import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { readLoginEarly } from '../db/application-pools.ts'
import type { ServedRoute } from './endpoint.ts'
import type { HttpResult, RequestContext } from './request-state.ts'
import { createState, doWork } from './request-state.ts'
import { admitCaller } from './steps/admit-caller.ts'
import { answerErrors } from './steps/answer-errors.ts'
import { findHost } from './steps/find-host.ts'
import { limitTenant } from './steps/limit-tenant.ts'
import { logRequest } from './steps/log-request.ts'
import { shareWithOrigins } from './steps/share-with-origins.ts'
import { validateRequest } from './steps/validate-request.ts'

export type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpResult>

/**
 * The life of a request, in one place. On the way in the steps run from top to bottom; on the way out, and for an
 * error, from bottom to top, so that the log sees the final status. `routes` are found by `routeKey`.
 * `needsVersion` is the lowest tenant migration that their code can work with: a tenant behind it is told to wait.
 */
export function createHandler(
  routes: Readonly<Record<string, ServedRoute>>,
  options: { readonly needsVersion: number } = { needsVersion: 1 },
): Handler {
  const run = middy<APIGatewayProxyEventV2, HttpResult, unknown, RequestContext>({ timeoutEarlyInMillis: 0 })
    .use(logRequest())
    .use(findHost())
    .use(shareWithOrigins())
    .use(answerErrors())
    .use(admitCaller(options.needsVersion))
    .use(limitTenant())
    .use(validateRequest())
    .handler(doWork)

  if (Object.values(routes).some(({ access }) => access !== 'public')) readLoginEarly()
  return (event, context) => run(event, { ...context, state: createState(event, context, routes) })
}

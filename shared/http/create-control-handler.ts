import middy from '@middy/core'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Handler } from './create-handler.ts'
import type { OperatorEndpoint } from './endpoint.ts'
import { createState, doWork, type HttpResult, type RequestContext } from './request-state.ts'
import { answerErrors } from './steps/answer-errors.ts'
import { identifyOperator } from './steps/identify-operator.ts'
import { logRequest } from './steps/log-request.ts'
import { validateOperatorRequest } from './steps/validate-operator-request.ts'

/** The life of an operator's request, in one place; see {@link createHandler} for a tenant's. */
export function createControlHandler(endpoints: Readonly<Record<string, OperatorEndpoint>>): Handler {
  const run = middy<APIGatewayProxyEventV2, HttpResult, unknown, RequestContext>({ timeoutEarlyInMillis: 0 })
    .use(logRequest())
    .use(answerErrors())
    .use(identifyOperator())
    .use(validateOperatorRequest())
    .handler(doWork)

  const routes = Object.fromEntries(Object.entries(endpoints).map(([key, endpoint]) => [key, { endpoint }]))
  return (event, context) => run(event, { ...context, state: createState(event, context, routes) })
}

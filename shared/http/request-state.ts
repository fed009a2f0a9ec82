import type middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { Tenant } from '../tenancy/tenant.ts'
import type { NamedTenants } from '../tenancy/tenant-names.ts'
import type { Answer } from './answer.ts'
import type { OperatorEndpoint, PublicEndpoint, TenantEndpoint } from './endpoint.ts'
import { respond } from './respond.ts'

/** What the steps of the stack learn of a request and leave for those behind them. */
export interface RequestState {
  readonly requestId: string
  readonly startedAt: number
  readonly endpoint: TenantEndpoint | OperatorEndpoint | PublicEndpoint | undefined
  /** Set for an endpoint that works for a tenant. */
  tenant?: { readonly named: NamedTenants; readonly resolved: Tenant }
  /** The IAM principal, for an endpoint of the control plane. */
  operator?: string
  /** The validated request as work that is left to do. */
  work?: () => Promise<Answer>
}

/** Lambda's context with the request's state: middy hands its handler nothing else that a request owns. */
export interface RequestContext extends Context {
  readonly state: RequestState
}

/** One step of the stack: a middy middleware over our events and state. */
export type Step = middy.MiddlewareObj<APIGatewayProxyEventV2, HttpResult, unknown, RequestContext>

/** What API Gateway takes as a response, payload 2.0. */
export type HttpResult = APIGatewayProxyStructuredResultV2

export function createState(
  event: APIGatewayProxyEventV2,
  endpoints: Readonly<Record<string, NonNullable<RequestState['endpoint']>>>,
): RequestState {
  return {
    requestId: event.requestContext.requestId,
    startedAt: performance.now(),
    endpoint: Object.hasOwn(endpoints, event.routeKey) ? endpoints[event.routeKey] : undefined,
  }
}

/** The end of every stack: does the work that the steps have prepared, and responds. */
export async function doWork(event: APIGatewayProxyEventV2, { state }: RequestContext): Promise<HttpResult> {
  if (state.work === undefined) throw new Error(`no work was prepared for the route "${event.routeKey}"`)
  return respond(await state.work(), state.requestId)
}

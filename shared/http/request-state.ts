import type middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type { Tenant } from '../tenancy/tenant.ts'
import type { NamedTenants } from '../tenancy/tenant-names.ts'
import type { Answer } from './answer.ts'
import type { Endpoint } from './endpoint.ts'

/** What the steps of the stack learn of a request and leave for those behind them. */
export interface RequestState {
  readonly requestId: string
  readonly startedAt: number
  readonly endpoint: Endpoint | undefined
  /** Set for an endpoint that works for a tenant. */
  tenant?: { readonly named: NamedTenants; readonly resolved: Tenant }
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

import type middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { type Deadline, deadlineOf, within } from '../deadline.ts'
import type { AppError } from '../errors.ts'
import type { Credential } from '../tenancy/credential.ts'
import type { RateState } from '../tenancy/rate-leases.ts'
import type { Tenant } from '../tenancy/tenant.ts'
import type { NamedTenants } from '../tenancy/tenant-names.ts'
import type { Answer, FileAnswer } from './answer.ts'
import type { OperatorEndpoint, PublicEndpoint, TenantEndpoint } from './endpoint.ts'
import { respond } from './respond.ts'

/** A tenant, and the credential of one of its own that calls for it. */
export interface Admitted {
  readonly named: NamedTenants
  readonly tenant: Tenant
  readonly credential: Credential
}

/** What the steps of the stack learn of a request and leave for those behind them. */
export interface RequestState {
  readonly requestId: string
  readonly startedAt: number
  /** Until when it has to be answered, lest its caller gets API Gateway's own 503. */
  readonly deadline: Deadline
  readonly endpoint: TenantEndpoint | OperatorEndpoint | PublicEndpoint | undefined
  /** The scope that its caller needs; operators' routes have IAM instead. */
  readonly access: string | undefined
  /** Milliseconds that it has waited for the database. */
  databaseMs: number
  /** Rows that its statements read or wrote. */
  rows: number
  /** Set for an endpoint that works for a tenant, once its caller is known to be one of the tenant's. */
  admitted?: Admitted
  /** What the tenant may still ask for, where its plan has a rate. */
  rate?: RateState | undefined
  /** Why nothing may be added for the tenant now. */
  exceeded?: AppError
  /** The host that was called, as `findHost` finds it. */
  host?: string
  /** Whose pages may read the answer, for a request that says where its page is from. */
  allowedOrigins?: Promise<readonly string[]>
  /** The IAM principal, for an endpoint of the control plane. */
  operator?: string
  /** The validated request as work that is left to do. */
  work?: () => Promise<Answer | FileAnswer>
}

/** Lambda's context with the request's state: middy hands its handler nothing else that a request owns. */
export interface RequestContext extends Context {
  readonly state: RequestState
}

/** One step of the stack: a middy middleware over our events and state. */
export type Step = middy.MiddlewareObj<APIGatewayProxyEventV2, HttpResult, unknown, RequestContext>

/** What API Gateway takes as a response, payload 2.0. */
export type HttpResult = APIGatewayProxyStructuredResultV2

interface Served {
  readonly endpoint: NonNullable<RequestState['endpoint']>
  readonly access?: string
}

export function createState(
  event: APIGatewayProxyEventV2,
  context: Context,
  routes: Readonly<Record<string, Served>>,
): RequestState {
  const route = Object.hasOwn(routes, event.routeKey) ? routes[event.routeKey] : undefined
  return {
    requestId: event.requestContext.requestId,
    startedAt: performance.now(),
    deadline: deadlineOf(context.getRemainingTimeInMillis()),
    databaseMs: 0,
    rows: 0,
    endpoint: route?.endpoint,
    access: route?.access,
  }
}

/** The end of every stack: does the work that the steps have prepared, and responds. */
export async function doWork(event: APIGatewayProxyEventV2, { state }: RequestContext): Promise<HttpResult> {
  if (state.work === undefined) throw new Error(`no work was prepared for the route "${event.routeKey}"`)
  const answer = await within(state.deadline, state.work())
  return respond(answer, { event, state })
}

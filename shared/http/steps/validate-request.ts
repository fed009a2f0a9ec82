import { isKeyKnown, readOnceKey } from '../idempotency.ts'
import { readRawRequest } from '../raw-request.ts'
import type { Step } from '../request-state.ts'
import { accessOf, serveTenant } from '../serve-tenant.ts'

/** Milliseconds. */
const logging = 20

/** Checks path, query and body against the endpoint's schema and leaves the work that they ask for. */
export function validateRequest(): Step {
  return {
    before({ event, context: { state } }) {
      const { endpoint, admitted } = state
      if (endpoint === undefined) throw new Error(`no endpoint for the route "${event.routeKey}"`)
      const raw = readRawRequest(event)
      if (endpoint.kind === 'public') {
        state.work = endpoint.prepare(raw)
        return
      }
      if (endpoint.kind !== 'tenant') throw new Error('an endpoint of the control plane in the application plane')
      if (admitted === undefined) throw new Error('the caller must be admitted before the request is validated')
      const { method } = event.requestContext.http
      const ifMatch = accessOf(method) === 'write' ? event.headers['if-match'] : undefined
      const once = readOnceKey(event, raw)
      const work = endpoint.prepare(raw, { once, ifMatch })
      const terms = {
        // A little before the request's own, so that its time is known when the request is logged.
        deadline: state.deadline - logging,
        isRepeatable: once !== undefined,
        onSpent: (milliseconds: number) => {
          state.databaseMs += milliseconds
        },
        onRows: (rows: number) => {
          state.rows += rows
        },
      }
      const { exceeded } = state
      state.work = () =>
        serveTenant(admitted, accessOf(method), terms, async (context) => {
          if (exceeded !== undefined && !(once && (await isKeyKnown(context.db, once)))) throw exceeded
          return work(context)
        })
    },
  }
}

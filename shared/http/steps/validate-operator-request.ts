import { readRawRequest } from '../raw-request.ts'
import type { Step } from '../request-state.ts'
import { applicationControl, serveOperator } from '../serve-operator.ts'

/** Checks path, query and body against the endpoint's schema and leaves the work that they ask for. */
export function validateOperatorRequest(): Step {
  return {
    before({ event, context: { state } }) {
      const { endpoint, operator } = state
      if (endpoint?.kind !== 'operator') throw new Error(`no endpoint for the route "${event.routeKey}"`)
      if (operator === undefined) throw new Error('the operator must be identified before the request is validated')
      const work = endpoint.prepare(readRawRequest(event))
      state.work = () => serveOperator(applicationControl(), { operator, event, deadline: state.deadline, work })
    },
  }
}

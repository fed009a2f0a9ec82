import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { beginAudit, endAudit } from '../control/audit.ts'
import { wakeWorker } from '../control/wake-worker.ts'
import { applicationPools } from '../db/application-pools.ts'
import { boundPools } from '../db/bounded-pools.ts'
import type { Deadline } from '../deadline.ts'
import { readEnvironment } from '../environment.ts'
import { describeError, log } from '../logger.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { Answer } from './answer.ts'
import type { OperatorContext } from './endpoint.ts'
import { problemKinds, toAppError } from './problems.ts'

/** The control plane that this function instance serves. */
export function applicationControl(): ControlPlane {
  return { pools: applicationPools(), catalog: readEnvironment().ATRIUM_CATALOG }
}

/** Milliseconds before the request's deadline at which its work is given up, so that the audit learns of it. */
const auditing = 200

/** Does an operator's work until the deadline. A change is in the audit before it is made, and its outcome after. */
export async function serveOperator(
  control: ControlPlane,
  request: {
    readonly operator: string
    readonly event: APIGatewayProxyEventV2
    readonly deadline: Deadline
    readonly work: (context: OperatorContext) => Promise<Answer>
  },
): Promise<Answer> {
  const { operator, event, deadline, work } = request
  const { method } = event.requestContext.http
  const bounded = { ...control, pools: boundPools(control.pools, deadline - auditing) }
  if (method === 'GET') return work({ operator, control: bounded })

  const audited = await beginAudit(control, {
    principal: operator,
    action: event.routeKey,
    target: event.rawPath,
    requestId: event.requestContext.requestId,
  })
  const end = (outcome: string) =>
    // What has been done is answered, and not done again for want of a line about it: the entry stays without an outcome.
    endAudit({ ...control, pools: boundPools(control.pools, deadline) }, audited, outcome).catch((error) =>
      log.error('the audit has no outcome', { audit: audited, outcome, error: describeError(error) }),
    )
  try {
    const answer = await work({ operator, control: bounded })
    await end(String(answer.status))
    // What outlasts the request has been recorded.
    if (answer.status === 202) await wakeWorker()
    return answer
  } catch (error) {
    const { code } = toAppError(error)
    await end(`${problemKinds[code].status} ${code}`)
    throw error
  }
}

import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import * as z from 'zod/mini'
import { AppError } from '../../errors.ts'
import type { Step } from '../request-state.ts'

/** What API Gateway says of a caller whose signature it has verified (authorization type AWS_IAM). */
const verified = z.object({ authorizer: z.object({ iam: z.object({ userArn: z.string().check(z.minLength(1)) }) }) })

/**
 * Takes the IAM principal from API Gateway, which refused everyone else. Throws `operator_unknown` when there is none:
 * a route that was deployed without its authorizer serves nobody.
 */
export function identifyOperator(): Step {
  return {
    before({ event, context: { state } }) {
      const principal = verified.safeParse((event satisfies APIGatewayProxyEventV2).requestContext)
      if (!principal.success) throw new AppError('operator_unknown', 'The control plane serves IAM principals only.')
      state.operator = principal.data.authorizer.iam.userArn
    },
  }
}

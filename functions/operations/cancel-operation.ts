import { cancelOperation as cancel } from '../../shared/control/operations.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { getOperationRequest } from './get-operation.ts'
import { operationKinds } from './operation-kinds.ts'

const cancellable = [...operationKinds.values()].filter((kind) => kind.cancellable).map(({ kind }) => kind)

export const cancelOperation = operatorEndpoint({
  request: getOperationRequest,
  async handle({ control }, { path }) {
    return ok(await cancel(control, path.id, cancellable))
  },
})

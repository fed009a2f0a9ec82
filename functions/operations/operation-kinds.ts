import { purgeOperation } from '../../shared/control/purge-operation.ts'
import type { OperationKinds } from '../../shared/control/run-operations.ts'

/** Every kind of operation that the worker knows. */
export const operationKinds: OperationKinds = new Map([purgeOperation].map((kind) => [kind.kind, kind]))

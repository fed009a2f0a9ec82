import { createControlHandler } from '../../shared/http/create-control-handler.ts'
import type { ControlEndpointsOf } from '../control-routes.ts'
import { cancelOperation } from './cancel-operation.ts'
import { getFile } from './get-file.ts'
import { getOperation } from './get-operation.ts'
import { listAudit } from './list-audit.ts'
import { listOperations } from './list-operations.ts'
import { startDoctor } from './start-doctor.ts'

const endpoints: ControlEndpointsOf<'operations'> = {
  'GET /operations': listOperations,
  'GET /operations/{id}': getOperation,
  'GET /operations/{id}/file': getFile,
  'POST /operations/{id}/cancel': cancelOperation,
  'POST /doctor': startDoctor,
  'GET /audit': listAudit,
}

export const handler = createControlHandler(endpoints)

import { createHandler } from '../../shared/http/create-handler.ts'
import type { EndpointsOf } from '../routes.ts'
import { getHealth } from './get-health.ts'

const endpoints: EndpointsOf<'health'> = {
  'GET /health': getHealth,
}

export const handler = createHandler(endpoints)

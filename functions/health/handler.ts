import { createHandler } from '../../shared/http/create-handler.ts'
import { serve } from '../routes.ts'
import { getHealth } from './get-health.ts'

export const routes = serve('health', {
  'GET /health': getHealth,
})

export const handler = createHandler(routes)

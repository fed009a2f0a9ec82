import { createHandler } from '../../shared/http/create-handler.ts'
import { serve } from '../routes.ts'
import { getHealth } from './get-health.ts'

export const handler = createHandler(
  serve('health', {
    'GET /health': getHealth,
  }),
)

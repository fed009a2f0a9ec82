import { createHandler } from '../../shared/http/create-handler.ts'
import { serve } from '../routes.ts'
import { answerPreflight } from './answer-preflight.ts'

export const routes = serve('preflight', {
  'OPTIONS /{proxy+}': answerPreflight,
})

export const handler = createHandler(routes)

import { createHandler } from '../../shared/http/create-handler.ts'
import { serve } from '../routes.ts'
import { getDocs } from './get-docs.ts'
import { getDocsPage } from './get-docs-page.ts'
import { getOpenapi } from './get-openapi.ts'

export const routes = serve('docs', {
  'GET /openapi.json': getOpenapi,
  'GET /docs': getDocs,
  'GET /docs/{page}': getDocsPage,
})

export const handler = createHandler(routes)

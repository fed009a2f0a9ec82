import * as z from 'zod'
import type { DescriptionsOf } from '../routes.ts'

export const about = 'What the API is.'

export const descriptions: DescriptionsOf<'docs'> = {
  'GET /openapi.json': {
    id: 'getOpenapi',
    summary: 'Read this description',
    answers: {
      200: { description: 'OpenAPI 3.1.', body: z.looseObject({ openapi: z.string().regex(/^3\.1\./) }) },
    },
  },
  'GET /docs': {
    id: 'getDocs',
    summary: 'Read and try the API in a browser',
    description:
      'Behind a # in the address it takes a `tenant` and a `key`, to be filled in; that part of it is sent to no server.',
    answers: { 200: { description: 'The page.', files: ['text/html'] } },
  },
  'GET /docs/{page}': {
    id: 'getDocsPage',
    summary: 'Read about the problem types',
    description: "`problems`, where a problem's type leads; and what the page of the API is made of.",
    answers: { 200: { description: 'The page.', files: ['text/html', 'text/css', 'text/javascript'] } },
    problems: ['not_found'],
  },
}

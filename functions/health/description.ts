import * as z from 'zod'
import type { DescriptionsOf } from '../routes.ts'

export const about = 'Whether the API works.'

export const descriptions: DescriptionsOf<'health'> = {
  'GET /health': {
    id: 'getHealth',
    summary: 'Ask whether the API works',
    description: 'Of the function and its database; 503 where one of them does not.',
    answers: { 200: { description: 'It does.', body: z.object({ status: z.literal('ok') }) } },
    problems: ['unavailable'],
  },
}

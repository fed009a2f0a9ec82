import * as z from 'zod/mini'
import { publicEndpoint } from '../../shared/http/endpoint.ts'
import { answerPage } from './answer-page.ts'
import { readPageFile } from './page-files.ts'

/** The page that lists the API and tries it, by Swagger UI. */
export const getDocs = publicEndpoint({
  request: z.object({}),
  handle: async () => answerPage(await readPageFile('index.html')),
})

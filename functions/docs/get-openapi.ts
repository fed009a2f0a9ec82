import * as z from 'zod/mini'
import { ok } from '../../shared/http/answer.ts'
import { publicEndpoint } from '../../shared/http/endpoint.ts'
import { readPageFile } from './page-files.ts'

export const getOpenapi = publicEndpoint({
  request: z.object({}),
  handle: async () => ok(JSON.parse((await readPageFile('openapi.json')).toString('utf8'))),
})

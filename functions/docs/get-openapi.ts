import * as z from 'zod'
import openapi from '../../api/openapi.json' with { type: 'json' }
import { ok } from '../../shared/http/answer.ts'
import { publicEndpoint } from '../../shared/http/endpoint.ts'

export const getOpenapi = publicEndpoint({
  request: z.object({}),
  handle: async () => ok(openapi),
})

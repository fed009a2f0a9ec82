import * as z from 'zod/mini'
import { noContent } from '../../shared/http/answer.ts'
import { publicEndpoint } from '../../shared/http/endpoint.ts'

/** What a page's request may be: the methods of the table, and the headers that endpoints read. */
const permitted = {
  'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, domain, idempotency-key, if-match, if-none-match, x-tenant',
  // Seconds: an origin that is taken back may still send what it was allowed for so long; it cannot read the answers.
  'access-control-max-age': '600',
}

/** Answers a browser's question before it sends a request. To which origins, `shareWithOrigins` says: nobody else may read it. */
export const answerPreflight = publicEndpoint({
  request: z.object({}),
  handle: async () => ({ ...noContent(), headers: permitted }),
})

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import * as z from 'zod/mini'
import { AppError } from '../../shared/errors.ts'
import type { FileAnswer } from '../../shared/http/answer.ts'
import { publicEndpoint } from '../../shared/http/endpoint.ts'
import { answerPage } from './answer-page.ts'
import { readPageFile } from './page-files.ts'

export const getDocsPageRequest = z.object({
  path: z.object({ page: z.string().check(z.meta({ examples: ['problems'] })) }),
})

const pages: Readonly<Record<string, () => Promise<FileAnswer>>> = {
  problems: async () => answerPage(await readPageFile('problems.html')),
  'docs.js': async () => answerAsset('text/javascript; charset=utf-8', await readPageFile('docs.js')),
  'swagger-ui.css': async () => answerAsset('text/css; charset=utf-8', await readPageFile('swagger-ui.css')),
  'swagger-ui-bundle.js': async () =>
    answerAsset('text/javascript; charset=utf-8', await readPageFile('swagger-ui-bundle.js')),
}

const made = new Map<string, Promise<FileAnswer>>()

/** What the documentation's page loads, and the page of the problem types. Each is made once, and remembered. */
export const getDocsPage = publicEndpoint({
  request: getDocsPageRequest,
  async handle({ path: { page } }) {
    const make = Object.hasOwn(pages, page) ? pages[page] : undefined
    if (make === undefined) throw new AppError('not_found', 'There is no such page.')
    const answer = made.get(page) ?? make()
    made.set(page, answer)
    return answer.catch((error: unknown) => {
      made.delete(page)
      throw error
    })
  },
})

/**
 * HTTP APIs compress nothing, and Swagger UI has 1.7 MB, a third of that compressed. Whoever loads it is a browser, and
 * browsers take gzip. They ask again after an hour.
 */
async function answerAsset(type: string, bytes: Buffer): Promise<FileAnswer> {
  return {
    status: 200,
    file: { type, bytes: await promisify(gzip)(bytes) },
    headers: {
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=3600',
      'x-content-type-options': 'nosniff',
    },
  }
}

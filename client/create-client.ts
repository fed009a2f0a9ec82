import createFetchClient, { type Client as FetchClient } from 'openapi-fetch'
import type { components, paths } from './api-types.ts'
import { errorOf } from './errors.ts'
import { fetchAgain } from './fetch-again.ts'

export { AnswerError, type Problem, ProblemError } from './errors.ts'

export type Product = components['schemas']['Product']
export type Order = components['schemas']['Order']

export interface ClientOptions {
  /** The API: a tenant's own domain, or a shared one. */
  readonly url: string
  /** On a shared domain: which tenant, by its slug or one of its domains. */
  readonly tenant?: string
  /** An API key, or a token of the tenant's identity provider. */
  readonly key?: string
  /** How often a request is sent, at most; 4 unless given. */
  readonly tries?: number
  /** Milliseconds that each try may take; 30,000 unless given. */
  readonly timeout?: number
  /** Instead of the global one. */
  readonly fetch?: typeof fetch
}

/** The paths whose GET answers pages of a list. */
export type ListPath = {
  [Path in keyof paths]: Path extends `${string}{${string}`
    ? never
    : paths[Path] extends PagesOf<unknown>
      ? Path
      : never
}[keyof paths]

type PagesOf<Item> = {
  readonly get: {
    readonly responses: {
      readonly 200: {
        readonly content: {
          readonly 'application/json': { readonly items: readonly Item[]; readonly next_cursor: string | null }
        }
      }
    }
  }
}

type ItemOf<Path extends ListPath> = paths[Path] extends PagesOf<infer Item> ? Item : never
type QueryOf<Path extends ListPath> = paths[Path] extends {
  readonly get: { readonly parameters: { readonly query?: infer Query } }
}
  ? Omit<NonNullable<Query>, 'cursor'>
  : never

/**
 * A tenant's side of the API. `GET`, `POST`, `PATCH` and `DELETE` are openapi-fetch's, typed by the API's description; they
 * throw a ProblemError for an answer that is a problem, an AnswerError for any other that is no success, and what `fetch`
 * throws when none came.
 */
export interface Client extends FetchClient<paths> {
  /** Every item of a list, page by page as they are asked for. `limit` is the size of a page. */
  list<Path extends ListPath>(path: Path, query?: QueryOf<Path>): AsyncGenerator<ItemOf<Path>, void, undefined>
}

/**
 * Makes a client. Every POST gets an idempotency key of its own unless it brings one, so that it can be sent again, and what
 * was asked for is done once.
 */
export function createClient(options: ClientOptions): Client {
  const { url, tenant, key, tries = 4, timeout = 30_000 } = options
  const client = createFetchClient<paths>({
    baseUrl: url.replace(/\/$/, ''),
    headers: {
      ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    fetch: (request) => fetchAgain(request, { most: tries, timeout, fetch: options.fetch ?? fetch }),
  })
  client.use({
    onRequest({ request }) {
      if (request.method === 'POST' && !request.headers.has('idempotency-key')) {
        request.headers.set('idempotency-key', crypto.randomUUID())
      }
    },
    async onResponse({ request, response }) {
      if (response.ok || response.status === 304) return
      throw await errorOf(`${request.method} ${new URL(request.url).pathname}`, response)
    },
  })

  async function* list<Path extends ListPath>(
    path: Path,
    query?: QueryOf<Path>,
  ): AsyncGenerator<ItemOf<Path>, void, undefined> {
    let cursor: string | null = null
    do {
      const params = { query: { ...query, ...(cursor === null ? {} : { cursor }) } }
      // The generic path hides from the compiler what ListPath says: that its answer is a page of these items.
      const page = (await dataOf(client.request('get', path, { params } as never))) as {
        readonly items: readonly ItemOf<Path>[]
        readonly next_cursor: string | null
      }
      yield* page.items
      cursor = page.next_cursor
    } while (cursor !== null)
  }
  return { ...client, list }
}

/** What a request was answered, once it has succeeded: `await dataOf(client.GET('/orders/{id}', …))`. */
export async function dataOf<Data>(answer: Promise<{ readonly data?: Data }>): Promise<NonNullable<Data>> {
  const { data } = await answer
  if (data === undefined || data === null) throw new Error('the answer has no body')
  return data
}

import * as z from 'zod'
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi'
import { type Route, routes } from '../functions/routes.ts'
import type { ErrorCode } from '../shared/errors.ts'
import type { AnswerDescription, RouteDescription } from '../shared/http/description.ts'
import type { PublicEndpoint, ServedRoute, TenantEndpoint } from '../shared/http/endpoint.ts'
import { problemKinds, problemTypeOf } from '../shared/http/problems.ts'
import { headers, parameters, problemsOf, problemsOfPublicRoutes } from './common-parts.ts'
import type { RecordedExamples } from './examples.ts'

/** A route of the table with all that is known of it. */
interface DescribedRoute extends Route {
  readonly endpoint: TenantEndpoint | PublicEndpoint
  readonly description: RouteDescription
  /** What its function is for. */
  readonly about: string
}

/** Preflights are the browsers' own business, and their path has no form in OpenAPI. */
const described = routes.filter(({ method }) => method !== 'OPTIONS')

/**
 * The API's description, OpenAPI 3.1: from the table of routes, the schemas that validate, and answers that were recorded.
 * Throws when a route or a problem has no recorded answer.
 */
export async function createDescription(examples: RecordedExamples): Promise<ReturnType<typeof createDocument>> {
  const all = await Promise.all(described.map(readRoute))
  const codes = [...new Set(all.flatMap(codesOf))]
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const route of all) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, examples) }
  }
  return createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Atrium',
        version: '1',
        summary: "A tenant's products and orders.",
        description: [
          'Every tenant has its data to itself. On a domain of its own a tenant needs no name; on a shared domain `x-tenant` says which one is meant.',
          'Money travels as decimal strings, ids as strings, times as RFC 3339 in UTC.',
          'Errors are problem documents (RFC 9457), whose `type` leads to [what it means](/docs/problems). What reaches no function is answered by the gateway, as `{"message": …}`: 404 where there is no such route, 413, 429 and 503; and 500 where a function died over a request, so that its work may have been done or not.',
          'Answers may come to have more members, and problems more types, than are described here.',
        ].join('\n\n'),
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'The domain that this description was read from' }],
      security: [{ key: [] }],
      tags: [...new Map(all.map((route) => [route.function, route.about]))].map(([name, description]) => ({
        name,
        description,
      })),
      paths,
      components: {
        schemas: { Problem: problemSchema(codes) },
        securitySchemes: {
          key: {
            type: 'http',
            scheme: 'bearer',
            description: "An API key of the tenant, or its identity provider's token.",
          },
        },
        parameters,
        headers,
        examples: Object.fromEntries(codes.map((code) => [code, problemExample(code, examples)])),
      },
    },
    {
      override({ jsonSchema, io }) {
        // The format says what the pattern does, in 300 characters less.
        if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
        // An answer may have more in it tomorrow, and clients that were made today must take it.
        if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
      },
    },
  )
}

async function readRoute(route: (typeof described)[number]): Promise<DescribedRoute> {
  const key = `${route.method} ${route.path}`
  const folder = `../functions/${route.function}`
  const [{ routes: served }, { about, descriptions }]: [
    { routes: Readonly<Record<string, ServedRoute>> },
    { about: string; descriptions: Readonly<Record<string, RouteDescription>> },
  ] = await Promise.all([import(`${folder}/handler.ts`), import(`${folder}/description.ts`)])
  const endpoint = served[key]?.endpoint
  const description = descriptions[key]
  if (endpoint === undefined || description === undefined) throw new Error(`${key} is not served, or not described`)
  return { ...route, endpoint, description, about }
}

function codesOf({ method, endpoint, description }: DescribedRoute): readonly ErrorCode[] {
  const ofItsKind = endpoint.kind === 'tenant' ? problemsOf(method, endpoint) : problemsOfPublicRoutes
  return [...new Set([...ofItsKind, ...(description.problems ?? [])])]
}

/** In the answers of a tenant whose plan has a rate. */
const ofRates = ['RateLimitPolicy', 'RateLimit'] as const

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` })

function operationOf(route: DescribedRoute, examples: RecordedExamples): ZodOpenApiOperationObject {
  const { method, endpoint, access, description } = route
  const { path, query, body } = partsOf(endpoint.request)
  const ofTenant = endpoint.kind === 'tenant'
  return {
    operationId: description.id,
    summary: description.summary,
    ...(description.description === undefined ? {} : { description: description.description }),
    tags: [route.function],
    ...(ofTenant ? { 'x-scope': access } : { security: [] }),
    requestParams: { ...(path && { path }), ...(query && { query }) },
    parameters: [
      ...(ofTenant ? ['Tenant', 'Domain'] : []),
      ...(ofTenant && method === 'POST' ? ['IdempotencyKey'] : []),
      ...(ofTenant && method === 'GET' ? ['IfNoneMatch'] : []),
      ...(ofTenant && endpoint.takesIfMatch ? ['IfMatch'] : []),
    ].map((name) => ref('parameters', name)),
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: body, example: examples.answers[description.id]?.request } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(description.answers).map(([status, answer]) => [status, answerOf(route, answer, examples)]),
      ),
      ...(ofTenant && method === 'GET'
        ? { 304: { description: 'Nothing has changed.', headers: headersOf('RequestId', 'ETag', ...ofRates) } }
        : {}),
      ...problemAnswers(codesOf(route), ofTenant),
    },
  }
}

/** The schemas of a request's parts; one that takes nothing is left out. */
function partsOf(request: z.core.$ZodType) {
  const shape = request instanceof z.core.$ZodObject ? request._zod.def.shape : {}
  const part = (name: string) => {
    const schema: unknown = shape[name]
    return schema instanceof z.core.$ZodObject && Object.keys(schema._zod.def.shape).length > 0 ? schema : undefined
  }
  return { path: part('path'), query: part('query'), body: part('body') }
}

function headersOf(...names: readonly (keyof typeof headers)[]) {
  const called: Readonly<Record<keyof typeof headers, string>> = {
    ...{ RequestId: 'x-request-id', ETag: 'etag', Location: 'location', Replayed: 'idempotency-replayed' },
    ...{
      RetryAfter: 'retry-after',
      MayRetryAfter: 'retry-after',
      Authenticate: 'www-authenticate',
      Encoding: 'content-encoding',
      RateLimit: 'ratelimit',
      RateLimitPolicy: 'ratelimit-policy',
    },
  }
  return Object.fromEntries(names.map((name) => [called[name], ref('headers', name)]))
}

function answerOf(
  { method, endpoint, description: { id, answers } }: DescribedRoute,
  { description, body, files }: AnswerDescription,
  examples: RecordedExamples,
) {
  const isTagged = endpoint.kind === 'tenant' && body !== undefined
  const isMade = Object.hasOwn(answers, 201)
  const common = {
    description,
    headers: headersOf(
      'RequestId',
      ...(isTagged ? (['ETag'] as const) : []),
      ...(isMade ? (['Location'] as const) : []),
      ...(endpoint.kind === 'tenant' && method === 'POST' ? (['Replayed'] as const) : []),
      ...(endpoint.kind === 'tenant' ? ofRates : []),
    ),
  }
  if (files !== undefined) {
    const schema = { type: 'string' as const }
    return {
      ...{ ...common, headers: headersOf('RequestId', 'Encoding') },
      content: Object.fromEntries(files.map((type) => [type, { schema }])),
    }
  }
  if (body === undefined) return common
  const recorded = examples.answers[id]
  if (recorded === undefined) throw new Error(`no answer of "${id}" is recorded: see test/api/examples.test.ts`)
  const example = recorded.body === undefined ? {} : { example: recorded.body }
  return { ...common, content: { 'application/json': { schema: body, ...example } } }
}

/** The problems that a route may answer, by status: each with the types that it can be, and an example of each. */
function problemAnswers(codes: readonly ErrorCode[], ofTenant: boolean) {
  const byStatus = Map.groupBy(codes, (code) => problemKinds[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, those]) => [
      status,
      {
        description: those.map((code) => problemKinds[code].title).join(', or '),
        headers: headersOf(
          'RequestId',
          ...(status === 401 ? (['Authenticate'] as const) : []),
          ...retryHeaderOf(those),
          ...(ofTenant ? ofRates : []),
        ),
        content: {
          'application/problem+json': {
            schema: {
              allOf: [
                ref('schemas', 'Problem'),
                { type: 'object' as const, properties: { type: { enum: those.map(problemTypeOf) } } },
              ],
            },
            examples: Object.fromEntries(those.map((code) => [code, ref('examples', code)])),
          },
        },
      },
    ]),
  )
}

function retryHeaderOf(codes: readonly ErrorCode[]): ('RetryAfter' | 'MayRetryAfter')[] {
  const passing = codes.filter((code) => problemKinds[code].retryAfter !== undefined)
  if (passing.length === 0) return []
  return [passing.length === codes.length ? 'RetryAfter' : 'MayRetryAfter']
}

function problemSchema(codes: readonly ErrorCode[]) {
  return z
    .object({
      type: z.enum(codes.map(problemTypeOf)).meta({
        description: 'What a program decides by. Relative to the address that was called, it leads to what it means.',
      }),
      title: z.string(),
      status: z.int().min(400).max(599),
      detail: z.string(),
      instance: z.string().meta({ description: 'The id of the request, as in `x-request-id`.' }),
      errors: z
        .array(
          z.object({
            path: z.string().meta({ description: 'Such as `body.quantity`.' }),
            message: z.string().meta({ description: 'What was expected there.' }),
          }),
        )
        .optional()
        .meta({ description: 'What is wrong with single fields.' }),
    })
    .meta({ description: 'A problem document (RFC 9457).' })
}

function problemExample(code: ErrorCode, examples: RecordedExamples) {
  const value = examples.problems[code]
  if (value === undefined) throw new Error(`no answer with "${code}" is recorded: see test/api/examples.test.ts`)
  return { summary: problemKinds[code].title, value }
}

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import * as z from 'zod'

const header = z.object({ required: z.boolean().default(false), schema: z.unknown() })
const reference = z.object({ $ref: z.string() })
const response = z.object({
  headers: z.record(z.string(), reference).default({}),
  content: z.record(z.string(), z.unknown()).optional(),
})
const operation = z.object({ responses: z.record(z.string(), response) })
const document = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ headers: z.record(z.string(), header) }),
})

/** Headers of every answer, or of every one that a page of another origin reads: no part of what a route is. */
const ofAnyAnswer: ReadonlySet<string> = new Set([
  ...['content-type', 'cache-control', 'vary', 'strict-transport-security', 'x-request-id'],
  ...['content-security-policy', 'x-content-type-options', 'referrer-policy'],
  ...['access-control-allow-origin', 'access-control-expose-headers'],
  // The gateway's own.
  ...['connection', 'date', 'keep-alive', 'transfer-encoding', 'content-length'],
])

/** The description leaves answers open for what may come; what comes today must stand in it. */
function close(schema: unknown, isPart = false): unknown {
  if (Array.isArray(schema)) return schema.map((each) => close(each, isPart))
  if (typeof schema !== 'object' || schema === null) return schema
  const closed = Object.fromEntries(
    Object.entries(schema).map(([name, member]) => [name, close(member, name === 'allOf')]),
  )
  const isObject = closed.type === 'object' && 'properties' in closed && !('additionalProperties' in closed)
  return isObject && !isPart ? { ...closed, additionalProperties: false } : closed
}

const text = readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8')
const whole = JSON.parse(text)
const { paths, components } = document.parse(whole)

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
ajv.addSchema({ ...Object(close(whole)), $id: 'api' })

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

const pointer = (...parts: readonly string[]) =>
  parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')

/**
 * That the API's description (api/openapi.json) knows this answer of a route: its status, its headers, its body. Routes that
 * it leaves out, preflights and the control plane's, are passed over.
 */
export function expectDescribed(routeKey: string, { status, headers, body }: Answered): void {
  const [method = '', path = ''] = routeKey.split(' ')
  const verb = method.toLowerCase()
  const described = paths[path]?.[verb]
  if (described === undefined) return
  const complain = (what: string): never => {
    throw new Error(
      `the API's description does not know an answer of ${routeKey}: ${status}: ${what}: ${JSON.stringify(body)?.slice(0, 1_000)}`,
    )
  }
  const answer = described.responses[status] ?? complain('no such status')
  for (const [name, { $ref }] of Object.entries(answer.headers)) {
    const { required, schema } = components.headers[$ref.split('/').at(-1) ?? ''] ?? complain(`no header ${$ref}`)
    const value = headers[name]
    if (value === undefined && required) complain(`the header ${name} is missing`)
    if (value !== undefined && !ajv.validate(schema as object, value)) complain(`the header ${name} is ${value}`)
  }
  const unknown = Object.keys(headers).find((name) => !ofAnyAnswer.has(name) && !Object.hasOwn(answer.headers, name))
  if (unknown !== undefined) complain(`the header ${unknown}`)
  const type = headers['content-type'] === undefined ? undefined : String(headers['content-type']).split(';')[0]
  if (answer.content === undefined) {
    if (body !== undefined) complain('a body')
    return
  }
  if (type === undefined || !Object.hasOwn(answer.content, type)) complain(`the content type is ${type}`)
  if (body === undefined) return
  const place = pointer('paths', path, verb, 'responses', String(status), 'content', String(type), 'schema')
  const validate = ajv.getSchema(`api#/${place}`) ?? complain('no schema')
  if (!validate(body)) complain(ajv.errorsText(validate.errors))
}

import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { AppError, type FieldError } from '../errors.ts'
import { checkJson, checkText } from './check-json.ts'

/** The parts of a request that an endpoint's schema describes. `body` is there when one was sent. */
export interface RawRequest {
  readonly path: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Bytes; API Gateway itself would let 10 MB through. */
const largestBody = 256 * 1024

const methodsWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const jsonMediaType = /^application\/(?:json|[a-z0-9.+-]+\+json)\s*(?:;|$)/i

/**
 * Reads path, query and JSON body out of an HTTP API event. Throws `invalid_request` for a query parameter that came
 * twice, `body_too_large`, `unsupported_media_type`, or `malformed_body`.
 */
export function readRawRequest(event: APIGatewayProxyEventV2): RawRequest {
  checkSizes(event)
  const path = event.pathParameters ?? {}
  const query = readQuery(event.rawQueryString)
  for (const [part, values] of Object.entries({ path, query })) checkTexts(part, values)
  if (!methodsWithBody.has(event.requestContext.http.method)) return { path, query }
  const body = readBody(event)
  return body === undefined ? { path, query } : { path, query, body }
}

/** Within API Gateway's own 10,240 bytes for request line and headers together. */
const limits = { headers: 100, header: 8_192, path: 2_048, query: 4_096 }

function checkSizes({ headers, rawPath, rawQueryString }: APIGatewayProxyEventV2): void {
  const refuse = (what: string) => {
    throw new AppError('invalid_request', `The request has ${what}.`)
  }
  const entries = Object.entries(headers)
  if (entries.length > limits.headers) refuse(`more than ${limits.headers} headers`)
  const long = entries.find(([, value]) => (value ?? '').length > limits.header)
  if (long !== undefined) refuse(`a header "${long[0]}" of more than ${limits.header} characters`)
  if (rawPath.length > limits.path) refuse(`a path of more than ${limits.path} characters`)
  if (rawQueryString.length > limits.query) refuse(`a query of more than ${limits.query} characters`)
}

function checkTexts(part: string, values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value = ''] of Object.entries(values)) {
    checkText(name, part)
    checkText(value, `${part}.${name}`)
  }
}

// From the raw string: in queryStringParameters a repeated parameter and one that holds a comma look the same.
function readQuery(rawQueryString: string): Record<string, string> {
  const query = new Map<string, string>()
  const repeated: FieldError[] = []
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    if (query.has(name)) repeated.push({ path: `query.${name}`, message: 'must be given once' })
    query.set(name, value)
  }
  if (repeated.length > 0) throw new AppError('invalid_request', 'A query parameter is repeated.', { errors: repeated })
  return Object.fromEntries(query)
}

function readBody(event: APIGatewayProxyEventV2): unknown {
  const type = event.headers['content-type']
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
  if (bytes.length > largestBody) {
    throw new AppError('body_too_large', `The body has more than ${largestBody} bytes.`)
  }
  if (bytes.length === 0) return undefined
  if (type === undefined || !jsonMediaType.test(type)) {
    throw new AppError('unsupported_media_type', 'The body must be sent as "content-type: application/json".')
  }
  const parsed = parse(bytes)
  checkJson(parsed, 'body')
  return parsed
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new AppError('malformed_body', 'The body is not valid JSON in UTF-8.', { cause })
  }
}

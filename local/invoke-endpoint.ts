import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Invocable } from './gateway/function-pool.ts'
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts'

/** Its `url` is for AWS_ENDPOINT_URL_LAMBDA, with the access key. */
export interface InvokeEndpoint extends LoopbackServer {
  /** The same for a client whose access key is not ours to choose: it stands in the path. */
  readonly urlWithKey: string
}

const invocation = /^(?:\/([0-9a-f]+))?\/2015-03-31\/functions\/([^/]+)\/invocations$/

/** What the service's model takes for FunctionName (140 characters for a name alone, 170 for an ARN) and InvocationType. */
const functionName =
  /^(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?$/
const invocationTypes = ['Event', 'RequestResponse', 'DryRun']
/** Bytes of a payload that is waited for (Lambda quotas). */
const largestPayload = 6 * 1024 * 1024

/**
 * Answers Lambda's Invoke (REST, RequestResponse) on 127.0.0.1, so that one function has another work through the same
 * client as on AWS. `functions` are found by the name that the caller's environment gives them. Like the secrets
 * endpoint it takes the access key for a token.
 */
export async function startInvokeEndpoint(
  functions: ReadonlyMap<string, Invocable>,
  accessKeyId: string,
): Promise<InvokeEndpoint> {
  const answer = async (request: IncomingMessage): Promise<{ status: number; failed?: boolean; body: unknown }> => {
    const [, key, encoded = ''] = invocation.exec(request.url ?? '') ?? []
    if (key !== accessKeyId && !request.headers.authorization?.includes(`Credential=${accessKeyId}/`)) {
      return { status: 403, body: { Type: 'User', message: 'The security token included in the request is invalid.' } }
    }
    const name = decodeURIComponent(encoded)
    const type = String(request.headers['x-amz-invocation-type'] ?? 'RequestResponse')
    if (!functionName.test(name) || name.length > 170 || !invocationTypes.includes(type)) {
      const message = `1 validation error detected: FunctionName ${name}, InvocationType ${type}`
      return { status: 400, body: { Type: 'User', __type: 'ValidationException', message } }
    }
    // Whoever does not wait is answered 202 on AWS; nobody here does so.
    if (type !== 'RequestResponse')
      return { status: 400, body: { Type: 'User', message: `${type} is not played here` } }
    const pool = request.method === 'POST' ? functions.get(name) : undefined
    if (pool === undefined) return { status: 404, body: { Type: 'User', message: `Function not found: ${name}` } }
    const payload = await text(request)
    if (Buffer.byteLength(payload) > largestPayload) {
      return { status: 413, body: { Type: 'User', message: `Request must be smaller than ${largestPayload} bytes` } }
    }
    const outcome = await pool.invoke(JSON.parse(payload))
    return 'result' in outcome
      ? { status: 200, body: outcome.result }
      : { status: 200, failed: true, body: outcome.error }
  }

  const server = await startLoopbackServer((request, response) => {
    answer(request).then(
      ({ status, failed, body }) => {
        if (failed) response.setHeader('x-amz-function-error', 'Unhandled')
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      },
      () => response.writeHead(400).end(),
    )
  })
  return { ...server, urlWithKey: `${server.url}/${accessKeyId}` }
}

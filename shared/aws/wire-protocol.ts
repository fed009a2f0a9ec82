import { HttpRequest, HttpResponse } from '@smithy/core/transport'
import type { $ClientProtocol, $OperationSchema, Endpoint } from '@smithy/types'

/** How one operation's input is sent, and its output read. */
export interface Wire<Input, Output> {
  request(input: Input): {
    /** Below the endpoint's own. */
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  output(text: string, headers: Readonly<Record<string, string>>): Output
}

/**
 * A client's protocol for the operations that we call, by their names. The SDK's own codec reads and writes every shape of
 * the service's model, at 40 KB of each bundle; ours have a string or two. Signing, retries, timeouts and the
 * endpoint stay the client's.
 */
export function wireProtocol(
  // biome-ignore lint/suspicious/noExplicitAny: each operation has types of its own, as in the SDK's declaration
  wires: Readonly<Record<string, Wire<any, any>>>,
): $ClientProtocol<HttpRequest, HttpResponse> {
  const wireOf = ({ name }: $OperationSchema) => {
    const wire = wires[name]
    if (wire === undefined) throw new Error(`the operation ${name} has no wire`)
    return wire
  }
  return {
    getShapeId: () => 'atrium#wire',
    getRequestType: () => HttpRequest,
    getResponseType: () => HttpResponse,
    getPayloadCodec() {
      throw new Error('each operation has a wire instead')
    },
    setSerdeContext: () => undefined,
    updateServiceEndpoint: (request) => request,
    async serializeRequest(operation, input, context) {
      const { protocol, hostname, port, path }: Endpoint = await context.endpoint()
      const sent = wireOf(operation).request(input)
      return new HttpRequest({
        ...{ method: 'POST', protocol, hostname, ...(port === undefined ? {} : { port }) },
        ...{ path: `${path.replace(/\/$/, '')}${sent.path}`, headers: { ...sent.headers }, body: sent.body },
      })
    },
    async deserializeResponse(operation, _context, { statusCode, headers, body }) {
      const chunks: Buffer[] = []
      for await (const chunk of body) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString('utf8')
      const $metadata = { httpStatusCode: statusCode, requestId: headers['x-amzn-requestid'] }
      if (statusCode >= 300) throw Object.assign(errorOf(text, headers), { $metadata })
      return { ...wireOf(operation).output(text, headers), $metadata }
    },
  }
}

/** Named as the service names it, which the client's retries go by. */
function errorOf(text: string, headers: Readonly<Record<string, string>>): Error {
  const { __type, message, Message } = parseObject(text)
  const name = String(headers['x-amzn-errortype'] ?? __type ?? 'UnknownError').replace(/^.*#|:.*$/g, '')
  return Object.assign(new Error(String(message ?? Message ?? name)), { name })
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Writable } from 'node:stream'
import type { SecureContext } from 'node:tls'
import { createEvent } from './create-event.ts'
import { createFunctionPool, type RenewablePool } from './function-pool.ts'
import { createRouteMatcher } from './match-route.ts'
import type { FunctionError, Outcome } from './process-messages.ts'
import type { TemplateRoute } from './read-template.ts'
import { toWireResponse, type WireResponse } from './wire-response.ts'

export interface GatewayOptions {
  readonly routes: readonly TemplateRoute[]
  /** Variables of every function besides its template's. */
  readonly environment: Readonly<Record<string, string>>
  /** Where the functions' output goes. */
  readonly output: Writable
  /** Plays IAM for routes that need it: the principal of a request, or undefined for one to be refused. */
  authorise?(request: IncomingMessage): string | undefined
  /** Told of each answer's status. */
  onAnswer?(statusCode: number): void
  /** Told of an error that a function threw, which API Gateway keeps from the caller. */
  onFunctionError?(functionId: string, error: FunctionError): void
}

/** A port on this machine, taken before there is anything to serve on it. */
export interface GatewayPort {
  readonly port: number
  /** That of HTTPS, where it was asked for. */
  readonly securePort: number | undefined
  /** From now on requests go to the functions, which it answers; until then they were answered with 503. */
  serve(options: GatewayOptions): readonly RenewablePool[]
  /** Takes no more requests, lets those under way finish, and ends the functions' processes. */
  close(): Promise<void>
}

/** HTTPS beside HTTP: where, and by which certificate a name is served; undefined for one that is not. */
export interface SecurePort {
  readonly port: number
  contextFor(name: string): Promise<SecureContext | undefined>
}

/** API Gateway's own limit: bytes of a payload (HTTP API quotas). */
const largestPayload = 10 * 1024 * 1024

const serverOptions = {
  /** Bytes of request line and headers (HTTP API quotas). */
  maxHeaderSize: 10_240,
  /**
   * Milliseconds that a connection stays open between requests. Both ends count from the last answer, and with Node's
   * 5 s a client that stood still for a second writes on one that is just being closed.
   */
  keepAliveTimeout: 60_000,
}

/**
 * Listens on 127.0.0.1, where `<tenant>.localhost` leads, and nowhere that another machine could reach. Port 0 takes a
 * free one. Rejects with EADDRINUSE when a port is taken.
 */
export async function openGatewayPort(port: number, secure?: SecurePort): Promise<GatewayPort> {
  let respond: (request: IncomingMessage) => Promise<WireResponse> = async () =>
    gatewayError(503, 'Service Unavailable')
  let pools: readonly RenewablePool[] = []

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    respond(request)
      .then((answer) => send(response, answer))
      .catch(() => send(response, gatewayError(500, 'Internal Server Error')))
  }
  const server = createServer(serverOptions, listener)
  const listening = await listen(server, port)
  const secured = secure && createSecureServer({ ...serverOptions, ...sniOf(secure) }, listener)
  const securePort =
    secured &&
    secure &&
    (await listen(secured, secure.port).catch(async (error) => {
      server.close()
      throw error
    }))
  const servers = secured === undefined ? [server] : [server, secured]

  return {
    port: listening,
    securePort,
    serve(options) {
      const serving = createResponder(options)
      pools = serving.pools
      respond = serving.respond
      return pools
    },
    async close() {
      if (!server.listening) return
      respond = async () => gatewayError(503, 'Service Unavailable', [['connection', 'close']])
      const closed = servers.map((each) => once(each, 'close'))
      for (const each of servers) {
        each.close()
        each.closeIdleConnections()
      }
      await Promise.all(pools.map((pool) => pool.stop()))
      for (const each of servers) each.closeAllConnections()
      await Promise.all(closed)
    },
  }
}

async function listen(
  server: Pick<Server, 'listen' | 'address' | 'on' | 'off'> & NodeJS.EventEmitter,
  port: number,
): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the gateway has no port')
  return address.port
}

/** A certificate per name, by SNI; whoever names none, or one that is not served, gets no connection. */
function sniOf({ contextFor }: SecurePort) {
  return {
    SNICallback(name: string, done: (error: Error | null, context?: SecureContext) => void) {
      contextFor(name.toLowerCase()).then(
        (context) => (context === undefined ? done(new Error(`no certificate for ${name}`)) : done(null, context)),
        (error: Error) => done(error),
      )
    },
  }
}

function createResponder(options: GatewayOptions): {
  readonly pools: readonly RenewablePool[]
  respond(request: IncomingMessage): Promise<WireResponse>
} {
  const match = createRouteMatcher(options.routes)
  const functions = new Set(options.routes.map((route) => route.function))
  const pools = new Map([...functions].map((described) => [described, createFunctionPool(described, options)]))

  const respond = async (request: IncomingMessage): Promise<WireResponse> => {
    const body = await readBody(request)
    if (body === undefined) return gatewayError(413, 'Request Entity Too Large')
    const { method = 'GET' } = request
    const { target, headers } = toOriginForm(request)
    const matched = match(method, target.split('?')[0] ?? target)
    if (matched === undefined) return gatewayError(404, 'Not Found')
    const principal = matched.route.needsIam ? options.authorise?.(request) : undefined
    if (matched.route.needsIam && principal === undefined) return gatewayError(403, 'Forbidden')
    const event = createEvent(
      {
        method,
        target,
        headers,
        body,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        protocol: `HTTP/${request.httpVersion}`,
        principal,
      },
      matched,
    )
    const outcome = await pools.get(matched.route.function)?.invoke(event)
    if (outcome === undefined) return gatewayError(500, 'Internal Server Error')
    const answered = 'result' in outcome ? checkSize(outcome.result) : outcome
    if ('result' in answered) {
      const response = toWireResponse(answered.result)
      options.onAnswer?.(response.statusCode)
      return response
    }
    options.onFunctionError?.(matched.route.function.id, answered.error)
    return gatewayError(500, 'Internal Server Error')
  }
  return { pools: [...pools.values()], respond }
}

/** What API Gateway answers by itself: its own JSON, no problem document. */
function gatewayError(statusCode: number, message: string, headers: WireResponse['headers'] = []): WireResponse {
  return {
    statusCode,
    headers: [['content-type', 'application/json'], ...headers],
    body: Buffer.from(JSON.stringify({ message })),
  }
}

/** Bytes of a response that Lambda passes on: 6 MB and a little (Lambda quotas; invocation payload). */
const largestResponse = 6_291_556

function checkSize(result: unknown): Outcome {
  if (isSmall(result)) return { result }
  const size = Buffer.byteLength(JSON.stringify(result) ?? '')
  if (size <= largestResponse) return { result }
  const errorMessage = `Response payload size (${size} bytes) exceeded maximum allowed payload size (${largestResponse} bytes).`
  return { error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage, trace: [] } }
}

/** Whether it cannot be too large even if JSON writes each character as six bytes: to write it costs the others' time. */
function isSmall(result: unknown): boolean {
  const { body, headers, cookies } = Object(result)
  const others = JSON.stringify([headers, cookies])?.length ?? 0
  return typeof body === 'string' && (body.length + others) * 6 + 1_000 < largestResponse
}

/** A target in absolute form, as proxies send it, names the host as well and overrides the header (RFC 9112, 3.2.2). */
function toOriginForm({ url: target = '/', rawHeaders }: IncomingMessage): {
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
} {
  const headers = pairs(rawHeaders)
  const [, authority, rest] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target) ?? []
  if (authority === undefined || rest === undefined) return { target, headers }
  const others = headers.filter(([name]) => name.toLowerCase() !== 'host')
  return { target: rest.startsWith('/') ? rest : `/${rest}`, headers: [...others, ['host', authority]] }
}

function send(response: ServerResponse, { statusCode, headers, body }: WireResponse): void {
  if (response.headersSent) return
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = statusCode
  for (const [name, value] of headers) response.appendHeader(name, value)
  response.end(body)
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  const headers: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? ''])
  return headers
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size <= largestPayload) chunks.push(chunk)
  }
  return size > largestPayload ? undefined : Buffer.concat(chunks)
}

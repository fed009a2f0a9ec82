import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { SignatureV4 } from '@smithy/signature-v4'
import { operate } from './call.ts'

export interface ControlServer {
  readonly url: string
  /** The credentials that it knows. */
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
  }
  close(): Promise<void>
}

/** What the signer asks of a hash. */
class Sha256 {
  readonly #hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret))
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}

/**
 * The control plane behind IAM: verifies each signature with the AWS SDK's own signer (the command uses another), and lets
 * the functions answer. Region `local`.
 */
export async function startControlServer(): Promise<ControlServer> {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret/of+40', sessionToken: 'a session' }
  const signer = new SignatureV4({
    service: 'execute-api',
    region: 'local',
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  })

  const isGenuine = async (
    request: { method: string; url: URL; headers: Record<string, string> },
    body: Buffer,
  ): Promise<boolean> => {
    const sent = request.headers.authorization ?? ''
    const names = /SignedHeaders=([^,]+)/.exec(sent)?.[1]?.split(';') ?? []
    const date = request.headers['x-amz-date'] ?? ''
    const signed = await signer.sign(
      {
        method: request.method,
        protocol: 'http:',
        hostname: request.url.hostname,
        path: request.url.pathname,
        query: Object.fromEntries(request.url.searchParams),
        headers: Object.fromEntries(names.map((name) => [name, request.headers[name] ?? ''])),
        body,
      },
      {
        signingDate: new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')),
        signableHeaders: new Set(names),
        unsignableHeaders: new Set(),
      },
    )
    const signatureOf = (text = '') => /Signature=([0-9a-f]{64})/.exec(text)?.[1]
    return signatureOf(sent) !== undefined && signatureOf(sent) === signatureOf(signed.headers.authorization)
  }

  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const url = new URL(request.url ?? '/', `http://${headers.host}`)
    const method = request.method ?? 'GET'
    response.setHeader('content-type', 'application/json')
    if (!(await isGenuine({ method, url, headers }, body))) {
      response.statusCode = 403
      response.end(JSON.stringify({ message: 'Forbidden' }))
      return
    }
    const answer = await operate(method, request.url ?? '/', body.length === 0 ? undefined : JSON.parse(String(body)))
    response.statusCode = answer.status
    response.end(answer.text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { generate } from 'selfsigned'
import type { FetchOptions } from '../../shared/courier/fetch-json.ts'
import { noteSecret } from './log-lines.ts'

/** An OpenID provider on this machine, over HTTPS, as `https://<host>`. */
export interface IdentityProvider {
  readonly issuer: string
  /** For the courier: where the host is, and whom to believe. */
  readonly fetchOptions: FetchOptions
  /** Requests since the last call, by path. */
  takeRequests(): string[]
  /** A token that is good for an hour, signed with the present key. */
  sign(claims: JWTPayload, overrides?: { readonly alg?: string; readonly kid?: string }): Promise<string>
  /** From now on tokens are signed with another key, and the endpoint tells of it alone. */
  rotate(): Promise<void>
  /** Answers something else from now on: status and body of the keys' endpoint. */
  answer(status: number, body: string, headers?: Readonly<Record<string, string>>): void
  /** Answers nothing any more. */
  hang(): void
  close(): Promise<void>
}

export async function startIdentityProvider(host = 'login.example.com'): Promise<IdentityProvider> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
  })
  const issuer = `https://${host}`
  let keys = await generateKeyPair('RS256', { extractable: true })
  let kid = 1
  let fixed: { status: number; body: string; headers: Readonly<Record<string, string>> } | undefined
  const requests: string[] = []
  let hangs = false

  const jwks = async () =>
    JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: `key-${kid}`, alg: 'RS256' }] })
  const options: ServerOptions = { cert, key }
  const server = createServer(options, async (request, response) => {
    requests.push(request.url ?? '')
    if (hangs) return
    response.setHeader('content-type', 'application/json')
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }))
      return
    }
    for (const [name, value] of Object.entries(fixed?.headers ?? {})) response.setHeader(name, value)
    response.statusCode = fixed?.status ?? 200
    response.end(fixed?.body ?? (await jwks()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    issuer,
    fetchOptions: {
      resolve: async () => ['127.0.0.1'],
      isAllowed: () => true,
      port: (server.address() as AddressInfo).port,
      ca: cert,
    },
    takeRequests: () => requests.splice(0),
    async sign(claims, overrides = {}) {
      const token = await new SignJWT({ iss: issuer, exp: Math.floor(Date.now() / 1_000) + 3_600, ...claims })
        .setProtectedHeader({ alg: overrides.alg ?? 'RS256', kid: overrides.kid ?? `key-${kid}` })
        .sign(keys.privateKey)
      noteSecret(token)
      return token
    },
    async rotate() {
      keys = await generateKeyPair('RS256', { extractable: true })
      kid += 1
    },
    answer(status, body, headers = {}) {
      fixed = { status, body, headers }
    },
    hang() {
      hangs = true
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

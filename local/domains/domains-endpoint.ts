import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { type LoopbackServer, startLoopbackServer } from '../loopback-server.ts'
import { type CertificateStore, createCertificateStore, Refused } from './certificates.ts'
import { type CustomDomains, createCustomDomains } from './custom-domains.ts'

export interface DomainsEndpoint extends LoopbackServer {
  readonly certificates: CertificateStore['certificates']
  readonly domains: CustomDomains['domains']
}

export interface DomainsEndpointOptions {
  /** Whether a name leads to a value, as DNS has it. */
  isThere(record: { name: string; value: string }): Promise<boolean>
  /** The host that names are to lead to. */
  readonly target: string
  /** Certificates, and the domains that they serve, that are there from the beginning. */
  readonly made?: readonly { readonly domain: string; readonly certificate: string; readonly token: string }[]
  /** A failure to answer a call with instead; told the operation: `RequestCertificate`, `POST /v2/domainnames`. */
  fail?(operation: string): Refused | undefined
}

/** Answers ACM and API Gateway on 127.0.0.1: its `url` is for AWS_ENDPOINT_URL_ACM and AWS_ENDPOINT_URL_APIGATEWAYV2. */
export async function startDomainsEndpoint({
  isThere,
  target,
  made = [],
  fail,
}: DomainsEndpointOptions): Promise<DomainsEndpoint> {
  const custom = createCustomDomains({ certificates: () => store.certificates, target })
  const store = createCertificateStore({
    isThere,
    isInUse: (arn) => [...custom.domains.values()].some(({ certificate }) => certificate === arn),
  })

  for (const { domain, certificate, token } of made) {
    store.restore({ domain, arn: certificate, token })
    custom.restore({ name: domain, certificate })
  }

  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const [, operation] = /^CertificateManager\.(\w+)$/.exec(String(request.headers['x-amz-target'] ?? '')) ?? []
    const { method = 'GET', url = '/' } = request
    const path = url.split('?')[0] ?? url
    const body = await text(request)
    const failure = fail?.(operation ?? `${method} ${path.replace(/(\/v2\/domainnames)\/[^/]+/, '$1/{name}')}`)
    if (failure !== undefined) throw failure
    const input = body === '' ? undefined : JSON.parse(body)
    return operation === undefined ? custom.call(method, path, input) : store.call(operation, input)
  }

  const server = await startLoopbackServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    answer(request).then(
      (result) => response.writeHead(200).end(result === undefined ? '' : JSON.stringify(result)),
      (error: unknown) => {
        const refused = error instanceof Refused ? error : new Refused('InternalFailure', String(error), 500)
        response.setHeader('x-amzn-errortype', refused.code)
        response.writeHead(refused.status).end(JSON.stringify({ __type: refused.code, message: refused.message }))
      },
    )
  })
  return { ...server, certificates: store.certificates, domains: custom.domains }
}

import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { type LoopbackServer, startLoopbackServer } from '../../local/loopback-server.ts'

export interface DistributionTenant {
  readonly id: string
  readonly name: string
  readonly distribution: string
  readonly domain: string
  enabled: boolean
  status: 'InProgress' | 'Deployed'
  etag: number
  certificate: string | undefined
  issuance: 'pending-validation' | 'issued' | 'validation-timed-out' | 'failed'
  readonly issued: string
}

export interface CloudFrontEndpoint extends LoopbackServer {
  readonly tenants: ReadonlyMap<string, DistributionTenant>
  /** An answer instead of the real one, by the operation: `POST`, `PUT`. */
  fail: { readonly method: string; readonly code: string; readonly status: number } | undefined
}

class Refusal extends Error {
  readonly code: string
  readonly status: number
  constructor(code: string, status: number, message = code) {
    super(message)
    this.code = code
    this.status = status
  }
}

const textOf = (xml: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]

/**
 * CloudFront's calls for distribution tenants, as far as the courier makes them: REST with XML. Refuses what the service refuses:
 * a name twice, a tag that is not the latest, deleting what is enabled or on its way.
 */
export async function startCloudFrontEndpoint(
  isThere: (domain: string) => boolean = () => true,
): Promise<CloudFrontEndpoint> {
  const tenants = new Map<string, DistributionTenant>()
  const find = (identifier: string): DistributionTenant => {
    const found = tenants.get(identifier)
    if (found === undefined) throw new Refusal('EntityNotFound', 404)
    return found
  }
  const show = (
    tenant: DistributionTenant,
  ) => `<DistributionTenant xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">
    <Id>${tenant.id}</Id><DistributionId>${tenant.distribution}</DistributionId><Name>${tenant.name}</Name>
    <Arn>arn:aws:cloudfront::000000000000:distribution-tenant/${tenant.id}</Arn>
    <Domains><member><Domain>${tenant.domain}</Domain><Status>active</Status></member></Domains>
    ${tenant.certificate === undefined ? '' : `<Customizations><Certificate><Arn>${tenant.certificate}</Arn></Certificate></Customizations>`}
    <Enabled>${tenant.enabled}</Enabled><Status>${tenant.status}</Status></DistributionTenant>`
  const tagged = (tenant: DistributionTenant, ifMatch: string | undefined) => {
    if (ifMatch === undefined) throw new Refusal('InvalidIfMatchVersion', 400)
    if (ifMatch !== `E${tenant.etag}`) throw new Refusal('PreconditionFailed', 412)
    return tenant
  }

  const create = (body: string): DistributionTenant => {
    const [distribution, name, domain] = ['DistributionId', 'Name', 'Domain'].map((each) => textOf(body, each))
    const host = textOf(body, 'ValidationTokenHost')
    if (
      distribution === undefined ||
      domain === undefined ||
      !/^[a-zA-Z0-9][a-zA-Z0-9.-]{1,126}[a-zA-Z0-9]$/.test(name ?? '')
    ) {
      throw new Refusal('InvalidArgument', 400)
    }
    if (host !== 'cloudfront' && host !== 'self-hosted') throw new Refusal('InvalidArgument', 400)
    if ([...tenants.values()].some((each) => each.domain === domain)) throw new Refusal('CNAMEAlreadyExists', 409)
    if (!isThere(domain)) throw new Refusal('InvalidArgument', 400, 'Could not verify Domain Name ownership.')
    const id = `dt_${randomUUID().slice(0, 8)}`
    const made: DistributionTenant = {
      ...{ id, name: name ?? '', distribution, domain, enabled: true, status: 'InProgress', etag: 1 },
      ...{ certificate: undefined, issuance: 'pending-validation' },
      issued: `arn:aws:acm:us-east-1:000000000000:certificate/${randomUUID()}`,
    }
    tenants.set(id, made)
    return made
  }

  const answer = (
    method: string,
    url: URL,
    body: string,
    ifMatch: string | undefined,
  ): { xml: string; tag?: number; status?: number } => {
    const [, kind, identifier] =
      /^\/2020-05-31\/(distribution-tenant|managed-certificate)(?:\/([^/]+))?$/.exec(url.pathname) ?? []
    if (kind === 'managed-certificate') {
      const { issuance, issued } = find(identifier ?? '')
      return {
        xml: `<ManagedCertificateDetails><CertificateArn>${issued}</CertificateArn><CertificateStatus>${issuance}</CertificateStatus>
          <ValidationTokenHost>cloudfront</ValidationTokenHost></ManagedCertificateDetails>`,
      }
    }
    if (kind !== 'distribution-tenant') throw new Refusal('NoSuchResource', 404)
    if (method === 'POST') {
      const made = create(body)
      return { xml: show(made), tag: made.etag, status: 201 }
    }
    const byDomain = url.searchParams.get('domain')
    const tenant =
      identifier === undefined
        ? find([...tenants.values()].find(({ domain }) => domain === byDomain)?.id ?? '')
        : find(identifier)
    if (method === 'PUT') {
      tagged(tenant, ifMatch).etag += 1
      tenant.certificate = textOf(body, 'Arn') ?? tenant.certificate
      tenant.enabled = (textOf(body, 'Enabled') ?? String(tenant.enabled)) === 'true'
      tenant.status = 'InProgress'
    }
    if (method === 'DELETE') {
      if (tagged(tenant, ifMatch).enabled || tenant.status === 'InProgress')
        throw new Refusal('ResourceNotDisabled', 409)
      tenants.delete(tenant.id)
      return { xml: '', status: 204 }
    }
    return { xml: show(tenant), tag: tenant.etag }
  }

  const endpoint: { fail: CloudFrontEndpoint['fail'] } = { fail: undefined }
  const server = await startLoopbackServer(async (request, response) => {
    const { method = 'GET', url = '/', headers } = request
    response.setHeader('content-type', 'text/xml')
    try {
      const body = await text(request)
      const { fail } = endpoint
      if (fail?.method === method) throw new Refusal(fail.code, fail.status)
      const { xml, tag, status = 200 } = answer(method, new URL(url, 'http://localhost'), body, headers['if-match'])
      if (tag !== undefined) response.setHeader('etag', `E${tag}`)
      response.writeHead(status).end(xml === '' ? undefined : `<?xml version="1.0"?>${xml}`)
    } catch (error) {
      const { code, status, message } = error instanceof Refusal ? error : new Refusal('InternalFailure', 500)
      const xml = `<?xml version="1.0"?><ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`
      response.writeHead(status).end(xml)
    }
  })
  return Object.assign(endpoint, { ...server, tenants })
}

import * as z from 'zod'
import { type CertificateStore, Refused } from './certificates.ts'

export interface CustomDomain {
  readonly name: string
  readonly certificate: string
  /** The host that the name must lead to. */
  readonly target: string
  readonly mappings: { readonly ApiMappingId: string; readonly ApiId: string; readonly Stage: string }[]
}

const createDomain = z.looseObject({
  domainName: z.string().min(1).max(512),
  domainNameConfigurations: z
    .array(
      z.looseObject({
        certificateArn: z.string(),
        endpointType: z.enum(['REGIONAL', 'EDGE']).optional(),
        securityPolicy: z.enum(['TLS_1_0', 'TLS_1_2']).optional(),
      }),
    )
    .min(1)
    .max(1),
})
const createMapping = z.looseObject({
  apiId: z.string().min(1),
  stage: z.string().min(1),
  apiMappingKey: z.string().optional(),
})

export interface CustomDomains {
  readonly domains: ReadonlyMap<string, CustomDomain>
  /** Answers API Gateway's REST calls under `/v2/domainnames`. */
  call(method: string, path: string, body: unknown): unknown
  /** Takes up one that was there before, with its mapping. */
  restore(domain: Pick<CustomDomain, 'name' | 'certificate'>): void
}

/** API Gateway's calls for custom domains, as far as the courier makes them; refuses what the service refuses. */
export function createCustomDomains(options: {
  certificates(): CertificateStore['certificates']
  readonly target: string
}): CustomDomains {
  const domains = new Map<string, CustomDomain>()
  const find = (name: string): CustomDomain => {
    const found = domains.get(name)
    if (found === undefined) throw new Refused('NotFoundException', 'Invalid domain name identifier specified', 404)
    return found
  }
  const parse = <Output>(schema: z.ZodType<Output>, body: unknown): Output => {
    const parsed = schema.safeParse(body)
    if (parsed.success) return parsed.data
    throw new Refused('BadRequestException', `Invalid request: ${parsed.error.issues[0]?.path.join('.')}`)
  }
  const show = ({ name, certificate, target }: CustomDomain) => ({
    domainName: name,
    domainNameConfigurations: [
      {
        ...{ apiGatewayDomainName: target, certificateArn: certificate, domainNameStatus: 'AVAILABLE' },
        ...{ endpointType: 'REGIONAL', securityPolicy: 'TLS_1_2', hostedZoneId: 'Z0LOCAL' },
      },
    ],
  })

  const create = (body: unknown) => {
    const { domainName, domainNameConfigurations } = parse(createDomain, body)
    const certificate = domainNameConfigurations[0]?.certificateArn ?? ''
    if (domains.has(domainName))
      throw new Refused('ConflictException', 'The domain name you provided already exists.', 409)
    const issued = options.certificates().get(certificate)
    if (issued?.status !== 'ISSUED' || issued.domain !== domainName) {
      throw new Refused('BadRequestException', 'The certificate is not issued for this name.')
    }
    const made = { name: domainName, certificate, target: options.target, mappings: [] }
    domains.set(domainName, made)
    return show(made)
  }

  return {
    domains,
    restore: ({ name, certificate }) =>
      void domains.set(name, {
        ...{ name, certificate, target: options.target },
        mappings: [{ ApiMappingId: 'mapping', ApiId: 'local', Stage: '$default' }],
      }),
    call(method, path, body) {
      const [, name, mappings] = /^\/v2\/domainnames(?:\/([^/]+)(\/apimappings)?)?$/.exec(path) ?? []
      const domain = name === undefined ? undefined : decodeURIComponent(name)
      if (domain === undefined) {
        if (method === 'POST') return create(body)
        throw new Refused('BadRequestException', `no operation ${method} ${path}`)
      }
      const found = find(domain)
      if (mappings !== undefined) {
        if (method === 'GET')
          return {
            items: found.mappings.map(({ ApiMappingId, ApiId, Stage }) => ({
              apiMappingId: ApiMappingId,
              apiId: ApiId,
              stage: Stage,
            })),
          }
        const { apiId, stage } = parse(createMapping, body)
        if (found.mappings.length > 0) throw new Refused('ConflictException', 'ApiMapping key already exists', 409)
        found.mappings.push({ ApiMappingId: 'mapping', ApiId: apiId, Stage: stage })
        return { apiMappingId: 'mapping', apiId, stage }
      }
      if (method === 'DELETE') domains.delete(domain)
      return method === 'DELETE' ? undefined : show(found)
    },
  }
}

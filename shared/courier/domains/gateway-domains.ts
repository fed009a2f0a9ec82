import {
  ACMClient,
  type CertificateDetail,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  RequestCertificateCommand,
} from '@aws-sdk/client-acm'
import {
  ApiGatewayV2Client,
  CreateApiMappingCommand,
  CreateDomainNameCommand,
  DeleteDomainNameCommand,
  GetApiMappingsCommand,
  GetDomainNameCommand,
  type GetDomainNameCommandOutput,
} from '@aws-sdk/client-apigatewayv2'
import type { DomainResult } from './domain-request.ts'
import { isMissing, NameInUse } from './refusal-of.ts'

const acm = new ACMClient({})
/** Certificates of CloudFront are in a region of their own, which their ARNs say. */
const acmOf = (arn: string) => (arn.split(':')[3] === 'us-east-1' ? new ACMClient({ region: 'us-east-1' }) : acm)
const gateway = new ApiGatewayV2Client({})

/** A certificate of ACM for one name, proven by DNS. The token makes a repeated request the same one (for an hour). */
export async function requestCertificate(domain: string, token: string): Promise<DomainResult<'request-certificate'>> {
  const { CertificateArn } = await acm.send(
    new RequestCertificateCommand({
      ...{ DomainName: domain, ValidationMethod: 'DNS', IdempotencyToken: token, KeyAlgorithm: 'RSA_2048' },
      Tags: [{ Key: 'atrium:domain', Value: domain }],
    }),
  )
  if (CertificateArn === undefined) throw new Error('ACM named no certificate')
  return { certificate: CertificateArn }
}

export async function describeCertificate(certificate: string): Promise<DomainResult<'describe-certificate'>> {
  // It takes seconds until one that was requested is there.
  const { Certificate = {} } =
    (await acm.send(new DescribeCertificateCommand({ CertificateArn: certificate })).catch(ignoreMissing)) ?? {}
  const { FailureReason, DomainValidationOptions = [] } = Certificate
  return {
    status: statusOf(Certificate),
    ...(FailureReason === undefined && Certificate.Status !== 'VALIDATION_TIMED_OUT'
      ? {}
      : { reason: FailureReason ?? 'VALIDATION_TIMED_OUT' }),
    // A moment after the request it has none yet.
    validation: DomainValidationOptions.flatMap(({ ResourceRecord }) =>
      ResourceRecord?.Name === undefined || ResourceRecord.Value === undefined
        ? []
        : [{ type: 'CNAME' as const, name: bare(ResourceRecord.Name), value: bare(ResourceRecord.Value) }],
    ),
  }
}

function statusOf({ Status }: CertificateDetail): DomainResult<'describe-certificate'>['status'] {
  if (Status === 'ISSUED') return 'issued'
  return Status === 'PENDING_VALIDATION' || Status === undefined ? 'pending' : 'failed'
}

export async function deleteCertificate(certificate: string): Promise<DomainResult<'delete-certificate'>> {
  await acmOf(certificate)
    .send(new DeleteCertificateCommand({ CertificateArn: certificate }))
    .catch(ignoreMissing)
  return { gone: true }
}

/** A custom domain of API Gateway that leads to the API; made when there is none. One that is not ours is left alone. */
export async function serveDomain(
  domain: string,
  certificate: string,
  api: string,
): Promise<DomainResult<'serve-domain'>> {
  const found = await gateway.send(new GetDomainNameCommand({ DomainName: domain })).catch((error) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (found !== undefined && certificateOf(found) !== certificate) {
    throw new NameInUse('another custom domain of this account has this name')
  }
  const made = found ?? (await createDomain(domain, certificate))
  const { target, ready } = configurationOf(made)
  if (!(await isMapped(domain, api))) {
    await gateway
      .send(new CreateApiMappingCommand({ ApiId: api, DomainName: domain, Stage: '$default' }))
      .catch(async (error) => {
        if (!(await isMapped(domain, api))) throw error
      })
  }
  return { target, ready }
}

/** What an answer that was lost has made is found: the SDK's own second try is refused for it. */
async function createDomain(domain: string, certificate: string) {
  const configuration = { CertificateArn: certificate, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' } as const
  return gateway
    .send(new CreateDomainNameCommand({ DomainName: domain, DomainNameConfigurations: [configuration] }))
    .catch(async (error) => {
      const found = await gateway.send(new GetDomainNameCommand({ DomainName: domain })).catch(() => undefined)
      if (found === undefined || certificateOf(found) !== certificate) throw error
      return found
    })
}

async function isMapped(domain: string, api: string): Promise<boolean> {
  const { Items = [] } = await gateway.send(new GetApiMappingsCommand({ DomainName: domain }))
  return Items.some(({ ApiId }) => ApiId === api)
}

function certificateOf({
  DomainNameConfigurations = [],
}: Pick<GetDomainNameCommandOutput, 'DomainNameConfigurations'>) {
  return DomainNameConfigurations[0]?.CertificateArn
}

function configurationOf({
  DomainNameConfigurations = [],
}: Pick<GetDomainNameCommandOutput, 'DomainNameConfigurations'>) {
  const [configuration] = DomainNameConfigurations
  if (configuration?.ApiGatewayDomainName === undefined) throw new Error('API Gateway named no host for the domain')
  return { target: configuration.ApiGatewayDomainName, ready: configuration.DomainNameStatus === 'AVAILABLE' }
}

/** Takes the custom domain down, its mapping with it; unless it has another certificate, and so is not ours. */
export async function stopServingDomain(
  domain: string,
  certificate: string,
): Promise<DomainResult<'stop-serving-domain'>> {
  const found = await gateway.send(new GetDomainNameCommand({ DomainName: domain })).catch(ignoreMissing)
  if (found === undefined || certificateOf(found) !== certificate) return { gone: true }
  await gateway.send(new DeleteDomainNameCommand({ DomainName: domain })).catch(ignoreMissing)
  return { gone: true }
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

const bare = (name: string) => name.toLowerCase().replace(/\.$/, '')

import { createHash } from 'node:crypto'
import {
  CloudFrontClient,
  CreateDistributionTenantCommand,
  DeleteDistributionTenantCommand,
  GetDistributionTenantByDomainCommand,
  GetDistributionTenantCommand,
  type GetDistributionTenantCommandOutput,
  GetManagedCertificateDetailsCommand,
  type ManagedCertificateDetails,
  UpdateDistributionTenantCommand,
  type UpdateDistributionTenantCommandInput,
} from '@aws-sdk/client-cloudfront'
import type { DomainResult } from './domain-request.ts'
import { isMissing } from './refusal-of.ts'

/** What tenants are added to: the multi-tenant distribution, and the connection group with the host that names lead to. */
export interface Distribution {
  readonly id: string
  readonly connectionGroup: string
  readonly routingEndpoint: string
}

// CloudFront is one for the world, and spoken to in one region.
const cloudfront = new CloudFrontClient({ region: 'us-east-1' })

/**
 * A tenant of the distribution for one name, with a certificate that CloudFront requests and proves by answering for the name
 * itself, once it leads there; found by its name when it is there already.
 */
export async function addDistributionTenant(
  domain: string,
  { id, connectionGroup }: Distribution,
): Promise<DomainResult<'add-distribution-tenant'>> {
  const made = await cloudfront
    .send(
      new CreateDistributionTenantCommand({
        ...{ DistributionId: id, ConnectionGroupId: connectionGroup, Enabled: true },
        // Letters, digits, hyphens, dots; 128 at most: a name can be longer.
        Name: `atrium-${createHash('sha256').update(domain).digest('hex').slice(0, 40)}`,
        Domains: [{ Domain: domain }],
        ManagedCertificateRequest: {
          ...{ PrimaryDomainName: domain, ValidationTokenHost: 'cloudfront' },
          CertificateTransparencyLoggingPreference: 'enabled',
        },
      }),
    )
    .catch(async (error) => {
      const ours = await findByDomain(domain, id).catch(() => undefined)
      // One that is being taken down is nobody's to take up.
      if (ours?.DistributionTenant?.Enabled !== true) throw error
      return ours
    })
  const tenant = made.DistributionTenant?.Id
  if (tenant === undefined) throw new Error('CloudFront named no distribution tenant')
  return { id: tenant }
}

/** The tenant that serves a name, if it is one of our distribution. */
async function findByDomain(domain: string, distribution: string) {
  const found = await cloudfront.send(new GetDistributionTenantByDomainCommand({ Domain: domain })).catch((error) => {
    if (isMissing(error)) return undefined
    throw error
  })
  return found?.DistributionTenant?.DistributionId === distribution ? found : undefined
}

export async function describeDistributionTenant(id: string): Promise<DomainResult<'describe-distribution-tenant'>> {
  // It takes seconds until what was added is there.
  const [{ CertificateArn, CertificateStatus }, { DistributionTenant = {} }] = await Promise.all([
    describeManagedCertificate(id),
    cloudfront.send(new GetDistributionTenantCommand({ Identifier: id })).catch(ignoreMissing),
  ])
  const isPending = CertificateStatus === 'pending-validation' || CertificateStatus === undefined
  const attached = DistributionTenant.Customizations?.Certificate?.Arn
  return {
    status: CertificateStatus === 'issued' ? 'issued' : isPending ? 'pending' : 'failed',
    ...(isPending || CertificateStatus === 'issued' ? {} : { reason: CertificateStatus }),
    ...(CertificateArn === undefined ? {} : { certificate: CertificateArn }),
    attached: attached !== undefined && attached === CertificateArn,
    deployed:
      DistributionTenant.Status === 'Deployed' &&
      DistributionTenant.Enabled === true &&
      (DistributionTenant.Domains ?? []).every(({ Status }) => Status === 'active'),
  }
}

/** Has the tenant use the certificate that was issued for it. */
export async function attachCertificate(id: string, certificate: string): Promise<DomainResult<'attach-certificate'>> {
  const found = await cloudfront.send(new GetDistributionTenantCommand({ Identifier: id }))
  const { Customizations } = found.DistributionTenant ?? {}
  await update(found, { Customizations: { ...Customizations, Certificate: { Arn: certificate } } })
  return {}
}

/**
 * Disables the tenant that serves a name, and deletes it once that has come to every edge; `gone` when it has. Tells of the
 * certificate that CloudFront requested for it: that is ours, and stays.
 */
export async function removeDistributionTenant(
  domain: string,
  distribution: Distribution,
): Promise<DomainResult<'remove-distribution-tenant'>> {
  const found = await findByDomain(domain, distribution.id)
  if (found === undefined) return { gone: true }
  const { ETag, DistributionTenant = {} } = found
  const { Id = '', Enabled, Status } = DistributionTenant
  const { CertificateArn } = await describeManagedCertificate(Id)
  const left = CertificateArn === undefined ? {} : { certificate: CertificateArn }
  if (Enabled) {
    await update(found, { Enabled: false })
    return { gone: false, ...left }
  }
  if (Status === 'InProgress') return { gone: false, ...left }
  await cloudfront.send(new DeleteDistributionTenantCommand({ Id, IfMatch: ETag }))
  return { gone: true, ...left }
}

/** Nothing is known of one that was not requested, or has just been. */
async function describeManagedCertificate(id: string): Promise<ManagedCertificateDetails> {
  const { ManagedCertificateDetails: details = {} } = await cloudfront
    .send(new GetManagedCertificateDetailsCommand({ Identifier: id }))
    .catch(ignoreMissing)
  return details
}

/** Changes a tenant, sending what stays along: nothing says that what is left out is kept. */
async function update(
  { ETag, DistributionTenant = {} }: Pick<GetDistributionTenantCommandOutput, 'ETag' | 'DistributionTenant'>,
  change: Pick<UpdateDistributionTenantCommandInput, 'Enabled' | 'Customizations'>,
): Promise<void> {
  const { Id, DistributionId, ConnectionGroupId, Domains = [], Enabled, Customizations } = DistributionTenant
  await cloudfront.send(
    new UpdateDistributionTenantCommand({
      ...{ Id, IfMatch: ETag, DistributionId, ConnectionGroupId, Enabled, Customizations },
      Domains: Domains.map(({ Domain }) => ({ Domain })),
      ...change,
    }),
  )
}

function ignoreMissing(error: unknown): Record<string, never> {
  if (isMissing(error)) return {}
  throw error
}

import {
  CloudFrontClient,
  CreateDistributionTenantCommand,
  DeleteDistributionTenantCommand,
  GetDistributionTenantByDomainCommand,
  GetDistributionTenantCommand,
  GetManagedCertificateDetailsCommand,
  UpdateDistributionTenantCommand,
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
  { id, connectionGroup, routingEndpoint }: Distribution,
): Promise<DomainResult<'add-distribution-tenant'>> {
  const made = await cloudfront
    .send(
      new CreateDistributionTenantCommand({
        ...{ DistributionId: id, ConnectionGroupId: connectionGroup, Enabled: true },
        // Letters, digits, hyphens, dots; 128 at most.
        Name: domain.slice(0, 128).replace(/[^a-z0-9.-]/g, '-'),
        Domains: [{ Domain: domain }],
        ManagedCertificateRequest: {
          ...{ PrimaryDomainName: domain, ValidationTokenHost: 'cloudfront' },
          CertificateTransparencyLoggingPreference: 'enabled',
        },
      }),
    )
    .catch(async (error) => {
      const ours = await cloudfront
        .send(new GetDistributionTenantByDomainCommand({ Domain: domain }))
        .catch(() => undefined)
      if (ours?.DistributionTenant?.DistributionId !== id) throw error
      return ours
    })
  const tenant = made.DistributionTenant?.Id
  if (tenant === undefined) throw new Error('CloudFront named no distribution tenant')
  return { id: tenant, target: routingEndpoint }
}

export async function describeDistributionTenant(id: string): Promise<DomainResult<'describe-distribution-tenant'>> {
  const [{ ManagedCertificateDetails = {} }, { DistributionTenant = {} }] = await Promise.all([
    cloudfront.send(new GetManagedCertificateDetailsCommand({ Identifier: id })),
    cloudfront.send(new GetDistributionTenantCommand({ Identifier: id })),
  ])
  const { CertificateArn, CertificateStatus } = ManagedCertificateDetails
  const isPending = CertificateStatus === 'pending-validation' || CertificateStatus === undefined
  const attached = DistributionTenant.Customizations?.Certificate?.Arn
  return {
    status: CertificateStatus === 'issued' ? 'issued' : isPending ? 'pending' : 'failed',
    ...(isPending || CertificateStatus === 'issued' ? {} : { reason: CertificateStatus }),
    ...(CertificateArn === undefined ? {} : { certificate: CertificateArn }),
    attached: attached !== undefined && attached === CertificateArn,
  }
}

/** Has the tenant use the certificate that was issued for it. */
export async function attachCertificate(id: string, certificate: string): Promise<DomainResult<'attach-certificate'>> {
  const { ETag, DistributionTenant = {} } = await cloudfront.send(new GetDistributionTenantCommand({ Identifier: id }))
  await cloudfront.send(
    new UpdateDistributionTenantCommand({
      ...{ Id: id, IfMatch: ETag },
      Customizations: { ...DistributionTenant.Customizations, Certificate: { Arn: certificate } },
    }),
  )
  return {}
}

/** Disables the tenant, and deletes it once that has come to every edge; `gone` when it has. */
export async function removeDistributionTenant(id: string): Promise<DomainResult<'remove-distribution-tenant'>> {
  const found = await cloudfront.send(new GetDistributionTenantCommand({ Identifier: id })).catch((error) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (found === undefined) return { gone: true }
  const { ETag, DistributionTenant = {} } = found
  if (DistributionTenant.Enabled) {
    await cloudfront.send(new UpdateDistributionTenantCommand({ Id: id, IfMatch: ETag, Enabled: false }))
    return { gone: false }
  }
  if (DistributionTenant.Status === 'InProgress') return { gone: false }
  await cloudfront.send(new DeleteDistributionTenantCommand({ Id: id, IfMatch: ETag }))
  return { gone: true }
}

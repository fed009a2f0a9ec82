import { readCourierEnvironment } from '../../environment.ts'
import { describeError, log } from '../../logger.ts'
import {
  addDistributionTenant,
  attachCertificate,
  type Distribution,
  describeDistributionTenant,
  removeDistributionTenant,
} from './distribution-tenants.ts'
import type { DomainRequest, DomainResult, Refusal } from './domain-request.ts'
import {
  deleteCertificate,
  describeCertificate,
  requestCertificate,
  serveDomain,
  stopServingDomain,
} from './gateway-domains.ts'
import { lookUpRecords } from './look-up-records.ts'
import { refusalOf } from './refusal-of.ts'

/** Does the courier's part for a domain. What AWS refuses is an answer. */
export async function serveDomainRequest(
  request: DomainRequest,
): Promise<DomainResult<DomainRequest['kind']> | Refusal> {
  try {
    return await serve(request)
  } catch (error) {
    log.warn('a request for a domain was refused', { kind: request.kind, error: describeError(error) })
    return refusalOf(error, serviceOf(request))
  }
}

async function serve(request: DomainRequest): Promise<DomainResult<DomainRequest['kind']>> {
  const { DNS_RESOLVERS, APPLICATION_API } = readCourierEnvironment()
  switch (request.kind) {
    case 'records':
      return lookUpRecords(request.records, { servers: DNS_RESOLVERS }).then((records) => ({ records }))
    case 'request-certificate':
      return requestCertificate(request.domain, request.token)
    case 'describe-certificate':
      return describeCertificate(request.certificate)
    case 'delete-certificate':
      return deleteCertificate(request.certificate)
    case 'serve-domain':
      return serveDomain(request.domain, request.certificate, APPLICATION_API)
    case 'stop-serving-domain':
      return stopServingDomain(request.domain, request.certificate)
    case 'distribution-target':
      return { target: distribution().routingEndpoint }
    case 'add-distribution-tenant':
      return addDistributionTenant(request.domain, distribution())
    case 'describe-distribution-tenant':
      return describeDistributionTenant(request.id)
    case 'attach-certificate':
      return attachCertificate(request.id, request.certificate)
    case 'remove-distribution-tenant':
      return removeDistributionTenant(request.domain, distribution())
  }
}

function distribution(): Distribution {
  const { DISTRIBUTION, CONNECTION_GROUP, ROUTING_ENDPOINT } = readCourierEnvironment()
  if (DISTRIBUTION === undefined || CONNECTION_GROUP === undefined || ROUTING_ENDPOINT === undefined) {
    throw new Error('the settings make no distribution')
  }
  return { id: DISTRIBUTION, connectionGroup: CONNECTION_GROUP, routingEndpoint: ROUTING_ENDPOINT }
}

function serviceOf({ kind }: DomainRequest): string {
  if (kind === 'records') return 'DNS'
  if (kind.includes('distribution') || kind === 'attach-certificate') return 'CloudFront'
  return kind.endsWith('certificate') ? 'ACM' : 'API Gateway'
}

import { ApiMapping, DomainName, type HttpApi, type IHttpStage, SecurityPolicy } from 'aws-cdk-lib/aws-apigatewayv2'
import * as acm from 'aws-cdk-lib/aws-certificatemanager'
import * as route53 from 'aws-cdk-lib/aws-route53'
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import type { Settings } from '../settings.ts'

export interface BaseDomainProps {
  readonly domains: NonNullable<Settings['domains']>
  readonly api: HttpApi
  readonly stage: IHttpStage
}

/**
 * The base domain, where a header names the tenant, and every name under it, each of a tenant: two custom domains of the API
 * with one certificate, whatever the number of tenants. With records where the zone is ours.
 */
export class BaseDomain extends Construct {
  constructor(scope: Construct, id: string, { domains, api, stage }: BaseDomainProps) {
    super(scope, id)
    const { base, zone: given, certificateArn } = domains
    const zone =
      given &&
      route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: given.id, zoneName: given.name })
    const certificate =
      certificateArn === undefined
        ? new acm.Certificate(this, 'Certificate', {
            domainName: base,
            subjectAlternativeNames: [`*.${base}`],
            validation: acm.CertificateValidation.fromDns(zone),
          })
        : acm.Certificate.fromCertificateArn(this, 'Certificate', certificateArn)

    for (const [name, domainName] of [
      ['Shared', base],
      ['Tenants', `*.${base}`],
    ] as const) {
      const domain = new DomainName(this, name, { domainName, certificate, securityPolicy: SecurityPolicy.TLS_1_2 })
      new ApiMapping(this, `${name}Mapping`, { api, domainName: domain, stage })
      if (zone === undefined) continue
      const { regionalDomainName, regionalHostedZoneId } = domain
      const target = route53.RecordTarget.fromAlias(
        new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId),
      )
      new route53.ARecord(this, `${name}Record`, { zone, recordName: domainName, target })
    }
  }
}

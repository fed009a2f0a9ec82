import { Duration, Fn, SecretValue } from 'aws-cdk-lib'
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { originSecretHeader, viewerHostHeader } from '../../shared/origin-headers.ts'

export interface VanityDistributionProps {
  readonly stage: string
  /** The host of the API behind it, `origin.` before the base domain. */
  readonly origin: string
  /** What tells requests of this distribution from those of anybody else. */
  readonly secret: ISecret
  /** Of the secret; the first unless given. CloudFormation looks it up anew when this changes. */
  readonly secretVersion: string | undefined
  /** Of us-east-1, for the base domain: tenants bring their own. */
  readonly certificateArn: string
  readonly webAclArn: string | undefined
}

function valueOfSecret({ secretArn }: ISecret, versionId: string | undefined): SecretValue {
  return SecretValue.secretsManager(secretArn, {
    jsonField: 'current',
    ...(versionId === undefined ? {} : { versionId }),
  })
}

/**
 * Serves thousands of tenants' own names: a multi-tenant distribution of CloudFront before the API, and the connection group
 * whose host the names lead to. Each name is a tenant of it, added by the courier with a certificate of its own.
 */
export class VanityDistribution extends Construct {
  readonly id: string
  readonly connectionGroup: string
  readonly routingEndpoint: string

  constructor(scope: Construct, id: string, props: VanityDistributionProps) {
    super(scope, id)
    const { stage, origin, secret, secretVersion, certificateArn, webAclArn } = props
    const group = new cloudfront.CfnConnectionGroup(this, 'ConnectionGroup', { name: `atrium-${stage}`, enabled: true })
    const hosts = new cloudfront.Function(this, 'Hosts', {
      functionName: `atrium-${stage}-hosts`,
      runtime: cloudfront.FunctionRuntime.JS_2_0,
      comment: 'Tells the API which name the viewer called: API Gateway must be called by its own',
      code: cloudfront.FunctionCode.fromInline(
        `function handler(event) {
  const request = event.request
  // Whatever a viewer has sent in it is overwritten.
  request.headers['${viewerHostHeader}'] = { value: request.headers.host.value }
  delete request.headers['${originSecretHeader}']
  return request
}`,
      ),
    })
    const headers = new cloudfront.ResponseHeadersPolicy(this, 'Headers', {
      responseHeadersPolicyName: `atrium-${stage}`,
      securityHeadersBehavior: {
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: false, override: true },
      },
    })
    const distribution = new cloudfront.CfnDistribution(this, 'Distribution', {
      distributionConfig: {
        ...{ enabled: true, connectionMode: 'tenant-only', httpVersion: 'http2and3' },
        comment: `Atrium, ${stage}: the tenants' own names`,
        origins: [
          {
            ...{ id: 'api', domainName: origin },
            customOriginConfig: { originProtocolPolicy: 'https-only', originSslProtocols: ['TLSv1.2'] },
            originCustomHeaders: [
              // By reference: the template does not hold it.
              { headerName: originSecretHeader, headerValue: valueOfSecret(secret, secretVersion).unsafeUnwrap() },
            ],
          },
        ],
        defaultCacheBehavior: {
          ...{ targetOriginId: 'api', viewerProtocolPolicy: 'redirect-to-https', compress: true },
          allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
          // Nothing is cached: what one URL answers depends on who asks.
          cachePolicyId: cloudfront.CachePolicy.CACHING_DISABLED.cachePolicyId,
          originRequestPolicyId: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER.originRequestPolicyId,
          responseHeadersPolicyId: headers.responseHeadersPolicyId,
          functionAssociations: [{ eventType: 'viewer-request', functionArn: hosts.functionArn }],
        },
        viewerCertificate: {
          ...{
            acmCertificateArn: certificateArn,
            sslSupportMethod: 'sni-only',
            minimumProtocolVersion: 'TLSv1.2_2021',
          },
        },
        ...(webAclArn === undefined ? {} : { webAclId: webAclArn }),
      },
    })
    this.id = distribution.ref
    this.connectionGroup = Fn.getAtt(group.logicalId, 'Id').toString()
    this.routingEndpoint = Fn.getAtt(group.logicalId, 'RoutingEndpoint').toString()
  }
}

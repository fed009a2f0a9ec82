import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../infra/settings.ts'
import { checkSettings } from '../../infra/settings-schema.ts'
import { originSecretHeader, viewerHostHeader } from '../../shared/origin-headers.ts'
import { templatesOf } from '../support/synthesise.ts'

const settings = readSettings('production')
const edge = templatesOf(settings)('Edge')
const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/of-the-base'
const vanity = templatesOf(
  checkSettings({ ...settings, vanityDomains: { ...settings.vanityDomains, distribution: { certificateArn } } }),
)

describe('the courier', () => {
  it('stands outside the VPC, has no login, and is told of the API that names are to lead to', () => {
    edge.hasResourceProperties('AWS::Lambda::Function', {
      ...{ FunctionName: 'atrium-production-courier', VpcConfig: Match.absent() },
      Environment: {
        Variables: Match.objectLike({
          ATRIUM_LOGIN: Match.absent(),
          DNS_RESOLVERS: '1.1.1.1,8.8.8.8,9.9.9.9',
          APPLICATION_API: Match.anyValue(),
          DISTRIBUTION: Match.absent(),
        }),
      },
    })
    expect(JSON.stringify(edge.toJSON())).not.toContain('secretsmanager:')
  })

  it('may do with certificates and custom domains what it does, and nothing with other APIs', () => {
    const actions = Object.values(edge.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.flatMap(({ Action }: { Action: string | string[] }) => Action),
    )
    expect(actions.filter((action) => !/^(?:logs|xray):/.test(action)).toSorted()).toEqual([
      ...['acm:AddTagsToCertificate', 'acm:DeleteCertificate', 'acm:DescribeCertificate', 'acm:RequestCertificate'],
      ...['apigateway:DELETE', 'apigateway:GET', 'apigateway:POST'],
    ])
  })
})

describe("a distribution of the tenants' own names", () => {
  it('is there by a setting, has tenants only, redirects HTTP, speaks TLS 1.2 and newer, and caches nothing', () => {
    edge.resourceCountIs('AWS::CloudFront::Distribution', 0)
    vanity('Edge').hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: Match.objectLike({
        ConnectionMode: 'tenant-only',
        DefaultCacheBehavior: Match.objectLike({
          ViewerProtocolPolicy: 'redirect-to-https',
          CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
          OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        }),
        ViewerCertificate: Match.objectLike({
          AcmCertificateArn: certificateArn,
          MinimumProtocolVersion: 'TLSv1.2_2021',
        }),
        Origins: [
          Match.objectLike({
            DomainName: 'origin.api.example.com',
            CustomOriginConfig: Match.objectLike({
              OriginProtocolPolicy: 'https-only',
              OriginSSLProtocols: ['TLSv1.2'],
            }),
            OriginCustomHeaders: [
              { HeaderName: originSecretHeader, HeaderValue: Match.objectLike({ 'Fn::Join': Match.anyValue() }) },
            ],
          }),
        ],
      }),
    })
    vanity('Edge').resourceCountIs('AWS::CloudFront::ConnectionGroup', 1)
    vanity('Edge').hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: Match.objectLike({
        SecurityHeadersConfig: { StrictTransportSecurity: Match.objectLike({ AccessControlMaxAgeSec: 31_536_000 }) },
      }),
    })
  })

  it('tells the API which host was called, whatever the viewer says of it', () => {
    const [{ Properties }] = Object.values(vanity('Edge').findResources('AWS::CloudFront::Function')) as [
      { Properties: { FunctionCode: string } },
    ]
    const handler = new Function(`${Properties.FunctionCode}; return handler`)()
    const headers = {
      host: { value: 'shop.acme.com' },
      [viewerHostHeader]: { value: 'shop.other.com' },
      [originSecretHeader]: { value: 'guessed' },
    }
    expect(handler({ request: { headers } }).headers).toEqual({
      host: { value: 'shop.acme.com' },
      [viewerHostHeader]: { value: 'shop.acme.com' },
    })
  })

  it('is known to the application plane by a secret that only its functions and CloudFormation read', () => {
    vanity('Database').hasResourceProperties('AWS::SecretsManager::Secret', { Name: 'atrium/production/origin' })
    for (const policy of Object.values(vanity('Application').findResources('AWS::IAM::Policy'))) {
      if (JSON.stringify(policy).includes('ApiLogin')) expect(JSON.stringify(policy)).toContain('OriginSecret')
    }
    expect(JSON.stringify(vanity('Control').findResources('AWS::IAM::Policy'))).not.toContain('OriginSecret')
    expect(JSON.stringify(vanity('Edge').toJSON())).toContain('{{resolve:secretsmanager:')
  })

  it('needs a base domain, and a certificate of the right region', () => {
    const distribution = { certificateArn: certificateArn.replace('us-east-1', 'eu-west-1') }
    const change = (changed: object) => () => checkSettings({ ...settings, ...changed } as never)
    expect(change({ vanityDomains: { ...settings.vanityDomains, distribution } })).toThrow('of us-east-1')
    expect(
      change({ domains: undefined, vanityDomains: { ...settings.vanityDomains, distribution: { certificateArn } } }),
    ).toThrow('needs domains')
  })
})

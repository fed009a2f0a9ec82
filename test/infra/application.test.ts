import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { routes } from '../../functions/routes.ts'
import { readSettings } from '../../infra/settings.ts'
import { templatesOf } from '../support/synthesise.ts'

const application = templatesOf(readSettings('dev'))('Application')
const serious = templatesOf(readSettings('production'))('Application')
const folders = new Set(routes.map((route) => route.function))

it('has the routes of the table and no other, each to its own function', () => {
  const { Resources } = application.toJSON()
  const found = Object.values<{ Type: string; Properties: never }>(Resources)
    .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    .map(({ Properties }) => {
      const { RouteKey, Target } = Properties as {
        RouteKey: string
        Target: { 'Fn::Join': [string, [string, { Ref: string }]] }
      }
      const integration = Resources[Target['Fn::Join'][1][1].Ref]
      const [functionId] = integration.Properties.IntegrationUri['Fn::GetAtt']
      return `${RouteKey} → ${functionId.replace(/[0-9A-F]{8}$/, '').toLowerCase()}`
    })
  expect(found.toSorted()).toEqual(
    routes.map((route) => `${route.method} ${route.path} → ${route.function}`).toSorted(),
  )
})

it('speaks payload 2.0 to functions of nodejs24.x on arm64, in the VPC, that log JSON', () => {
  application.resourceCountIs('AWS::Lambda::Function', folders.size)
  application.allResourcesProperties('AWS::Lambda::Function', {
    ...{ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler', MemorySize: 512, Timeout: 15 },
    LoggingConfig: Match.objectLike({ LogFormat: 'JSON' }),
    VpcConfig: Match.objectLike({ SubnetIds: Match.anyValue() }),
    Environment: {
      Variables: Match.objectLike({
        ...{ ATRIUM_STAGE: 'dev', ATRIUM_CATALOG: 'main', ATRIUM_LOGIN: 'api' },
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      }),
    },
  })
  application.allResourcesProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' })
})

it("lets a function read its login's secret and have signing keys fetched, and nothing else", () => {
  application.allResourcesProperties('AWS::IAM::Policy', {
    PolicyDocument: Match.objectLike({
      Statement: [
        Match.objectLike({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }),
        Match.objectLike({ Action: Match.arrayWith(['ec2:CreateNetworkInterface']), Resource: '*' }),
        {
          Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
          Effect: 'Allow',
          // A secret's Ref is its whole ARN, its six random characters included.
          Resource: {
            'Fn::GetStackOutput': Match.objectLike({ OutputName: Match.stringLikeRegexp('^PublishOutputRefApiLogin') }),
          },
        },
        Match.objectLike({ Action: 'lambda:InvokeFunction', Effect: 'Allow' }),
      ],
    }),
  })
})

describe('of dev', () => {
  it('is reached at API Gateway without a domain or an approval, and reserves nothing of a new account', () => {
    application.hasResourceProperties('AWS::ApiGatewayV2::Api', { DisableExecuteApiEndpoint: false })
    application.resourceCountIs('AWS::ApiGatewayV2::DomainName', 0)
    application.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', 0)
    const functions = Object.values(application.findResources('AWS::Lambda::Function'))
    expect(functions.filter(({ Properties }) => 'ReservedConcurrentExecutions' in Properties)).toEqual([])
  })
})

describe('of production', () => {
  it('is reached on its own names alone: the shared one and every name under it, by TLS 1.2 and newer', () => {
    serious.hasResourceProperties('AWS::ApiGatewayV2::Api', { DisableExecuteApiEndpoint: true })
    const names = Object.values(serious.findResources('AWS::ApiGatewayV2::DomainName'))
    expect(names.map(({ Properties }) => Properties.DomainName).toSorted()).toEqual([
      ...['*.api.example.com', 'api.example.com'],
    ])
    serious.allResourcesProperties('AWS::ApiGatewayV2::DomainName', {
      DomainNameConfigurations: [Match.objectLike({ SecurityPolicy: 'TLS_1_2' })],
    })
    serious.hasResourceProperties('AWS::CertificateManager::Certificate', {
      ...{ DomainName: 'api.example.com', SubjectAlternativeNames: ['*.api.example.com'], ValidationMethod: 'DNS' },
    })
    serious.resourceCountIs('AWS::Route53::RecordSet', 2)
    serious.allResourcesProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({ BASE_DOMAIN: 'api.example.com', SHARED_DOMAINS: 'localhost,api.example.com' }),
      },
    })
  })

  it('reserves each function its instances, and hands the proxy to whom the database is for', () => {
    const reserved = Object.entries(serious.findResources('AWS::Lambda::Function')).map(([id, { Properties }]) => [
      id.replace(/[0-9A-F]{8}$/, ''),
      Properties.ReservedConcurrentExecutions,
    ])
    expect(Object.fromEntries(reserved)).toMatchObject({ Products: 50, Orders: 50, Docs: 5, Health: 5, Preflight: 10 })
    for (const { Properties } of Object.values(serious.findResources('AWS::Lambda::Function'))) {
      expect(JSON.stringify(Properties.Environment.Variables.PROXY_HOSTS)).toMatch(/main=.*MainProxy/)
    }
  })

  it('leads its routes to the alias `live`, which a canary moves and an alarm on the new version moves back', () => {
    const integrations = Object.values(serious.findResources('AWS::ApiGatewayV2::Integration'))
    expect(integrations).toHaveLength(folders.size)
    for (const { Properties } of integrations) expect(Properties.IntegrationUri.Ref).toMatch(/ReleaseLive/)
    serious.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', folders.size)
    serious.allResourcesProperties('AWS::CodeDeploy::DeploymentGroup', {
      DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      AutoRollbackConfiguration: { Enabled: true, Events: Match.arrayWith(['DEPLOYMENT_STOP_ON_ALARM']) },
      AlarmConfiguration: Match.objectLike({ Enabled: true }),
    })
    serious.allResources('AWS::Lambda::Alias', {
      UpdatePolicy: { CodeDeployLambdaAliasUpdate: Match.objectLike({ DeploymentGroupName: Match.anyValue() }) },
    })
    for (const { Properties } of Object.values(serious.findResources('AWS::CloudWatch::Alarm'))) {
      const text = JSON.stringify(Properties.Metrics)
      expect(text).toContain('ExecutedVersion')
      expect(text).toContain('"FunctionVersion"')
      expect(text).toContain('"ServerErrors"')
    }
  })

  it('throttles the stage, and single routes below it', () => {
    const settings = readSettings('production')
    const throttled = templatesOf({ ...settings, routeThrottle: { 'POST /orders': { perSecond: 20, burst: 40 } } })
    throttled('Application').hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      DefaultRouteSettings: { ThrottlingRateLimit: 1_000, ThrottlingBurstLimit: 2_000 },
      RouteSettings: { 'POST /orders': { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 } },
      AccessLogSettings: Match.objectLike({ DestinationArn: Match.anyValue() }),
    })
  })

  it('has no CORS of the API: the functions answer by domain', () => {
    serious.hasResourceProperties('AWS::ApiGatewayV2::Api', { CorsConfiguration: Match.absent() })
    serious.hasResourceProperties('AWS::ApiGatewayV2::Route', { RouteKey: 'OPTIONS /{proxy+}' })
  })
})

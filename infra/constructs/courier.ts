import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { CourierVariable } from '../../shared/environment.ts'
import type { Settings } from '../settings.ts'
import { acknowledge } from './acknowledge.ts'
import { bundledCode, noteEntry } from './bundling.ts'
import { createFunctionRole } from './function-role.ts'

/** Known to who invokes it before it is made: it comes last, since it is told of all the others. */
export function courierName({ stage }: Pick<Settings, 'stage'>): string {
  return `atrium-${stage}-courier`
}

export interface CourierProps {
  readonly settings: Settings
  readonly variables: Partial<Record<CourierVariable, string>>
  /** Whether it adds tenants to a distribution of CloudFront. */
  readonly hasDistribution: boolean
}

const unnamed =
  'What is requested or added has no name yet: AWS takes no resource for it (service authorization reference).'

/** The courier: outside the VPC, where the internet is, and without any database's credentials. */
export class Courier extends Construct {
  readonly function: lambda.Function

  constructor(scope: Construct, id: string, { settings, variables, hasDistribution }: CourierProps) {
    super(scope, id)
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.function = new lambda.Function(this, id, {
      functionName: courierName(settings),
      code: bundledCode('functions/courier/handler.ts'),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: 256,
      timeout: Duration.seconds(20),
      tracing: settings.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      environment: variables,
      loggingFormat: lambda.LoggingFormat.JSON,
      logGroup,
      role: createFunctionRole(this, { logs: logGroup, inVpc: false, tracing: settings.tracing }),
    })
    noteEntry(this.function, 'functions/courier/handler.ts')
    this.allowCertificates()
    if (hasDistribution) this.allowDistributionTenants()
  }

  /** Certificates and custom domains of the tenants' names, which nobody knows beforehand. */
  private allowCertificates(): void {
    const stack = Stack.of(this)
    const certificates = stack.formatArn({ service: 'acm', resource: 'certificate', resourceName: '*' })
    const domains = (path: string) => `arn:${stack.partition}:apigateway:${stack.region}::/domainnames${path}`
    // A certificate that there is not yet has no name (service authorization reference).
    this.allow(['acm:RequestCertificate'], ['*'], { StringEquals: { 'acm:ValidationMethod': 'DNS' } })
    acknowledge(this, 'IAM5[Resource::*]', unnamed)
    this.allow(['acm:AddTagsToCertificate', 'acm:DescribeCertificate', 'acm:DeleteCertificate'], [certificates])
    this.allow(['apigateway:POST'], [domains(''), domains('/*/apimappings')])
    this.allow(['apigateway:GET', 'apigateway:DELETE'], [domains('/*')])
    for (const resource of [
      'arn:<AWS::Partition>:acm:<AWS::Region>:<AWS::AccountId>:certificate/*',
      ...['/*', '/*/apimappings'].map((path) => `arn:<AWS::Partition>:apigateway:<AWS::Region>::/domainnames${path}`),
    ]) {
      acknowledge(this, `IAM5[Resource::${resource}]`, "Of tenants' own names, which come and go.")
    }
  }

  private allowDistributionTenants(): void {
    const stack = Stack.of(this)
    const of = (resource: string) => `arn:${stack.partition}:cloudfront::${stack.account}:${resource}/*`
    this.allow(
      [
        ...['Get', 'Update', 'Delete'].map((verb) => `cloudfront:${verb}DistributionTenant`),
        ...['cloudfront:GetDistributionTenantByDomain', 'cloudfront:GetManagedCertificateDetails'],
      ],
      [of('distribution-tenant'), of('distribution'), of('connection-group')],
    )
    // CloudFront requests the certificates in the name of who adds a tenant, in its own region.
    this.allow(['cloudfront:CreateDistributionTenant'], ['*'])
    // CloudFront's own request in the courier's name: its certificates are proven by HTTP.
    this.allow(['acm:RequestCertificate'], ['*'], { Bool: { 'aws:ViaAWSService': 'true' } })
    const certificates = `arn:${stack.partition}:acm:us-east-1:${stack.account}:certificate/*`
    this.allow(['acm:DescribeCertificate', 'acm:DeleteCertificate'], [certificates])
    for (const resource of [
      ...['distribution-tenant', 'distribution', 'connection-group'].map(
        (name) => `arn:<AWS::Partition>:cloudfront::<AWS::AccountId>:${name}/*`,
      ),
      'arn:<AWS::Partition>:acm:us-east-1:<AWS::AccountId>:certificate/*',
    ]) {
      acknowledge(this, `IAM5[Resource::${resource}]`, "Of tenants' own names, which come and go.")
    }
  }

  private allow(actions: readonly string[], resources: readonly string[], conditions?: Record<string, unknown>): void {
    this.function.addToRolePolicy(
      new iam.PolicyStatement({
        ...{ actions: [...actions], resources: [...resources] },
        ...(conditions === undefined ? {} : { conditions }),
      }),
    )
  }
}

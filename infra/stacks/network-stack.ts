import { Fn, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'

export interface NetworkStackProps extends StackProps {
  readonly settings: Settings
}

/**
 * A VPC without a way to the internet, and who may speak to whom in it: the application plane's functions to the proxy where
 * there is one, else to the database; the control plane's, and those that rotate passwords, to the database itself.
 */
export class NetworkStack extends Stack {
  readonly vpc: ec2.Vpc
  /** The security groups of either plane's functions, by the login that they have. */
  readonly functions: Readonly<Record<'api' | 'control', ec2.SecurityGroup>>
  readonly proxy: ec2.SecurityGroup | undefined
  readonly database: ec2.SecurityGroup
  readonly rotation: ec2.SecurityGroup

  /** The first two zones of the region, as it names them: CDK would look them up in an account that it knows. */
  override get availabilityZones(): string[] {
    return [0, 1].map((at) => Fn.select(at, Fn.getAzs()))
  }

  constructor(scope: Construct, id: string, { settings, ...props }: NetworkStackProps) {
    super(scope, id, props)

    this.vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }],
    })
    this.vpc.addFlowLog('Rejected', {
      trafficType: ec2.FlowLogTrafficType.REJECT,
      destination: ec2.FlowLogDestination.toCloudWatchLogs(
        new logs.LogGroup(this, 'FlowLogs', {
          retention: settings.logRetentionDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      ),
    })
    const group = (name: string, description: string) =>
      new ec2.SecurityGroup(this, name, { vpc: this.vpc, description, allowAllOutbound: false })
    const application = group('Functions', 'The functions of the application plane')
    const control = group('ControlFunctions', 'The functions of the control plane')
    this.functions = { api: application, control }
    this.proxy = settings.proxy === null ? undefined : group('Proxy', 'The proxies between functions and databases')
    this.database = group('Database', 'The database servers')
    this.rotation = group('Rotation', 'The functions that rotate the passwords of logins')
    const endpoints = group('Endpoints', 'The endpoints of the AWS services that functions call')

    for (const [name, service] of Object.entries({
      SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      Lambda: ec2.InterfaceVpcEndpointAwsService.LAMBDA,
      StepFunctions: ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
      // Rotation asks RDS where the server is: the master's secret does not say.
      Rds: ec2.InterfaceVpcEndpointAwsService.RDS,
    })) {
      this.vpc.addInterfaceEndpoint(name, { service, securityGroups: [endpoints], open: false })
    }

    // Exports and imports: the gateway endpoint is the only way out of an isolated subnet, and leads to S3 alone.
    this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 })
    control.connections.allowToAnyIpv4(ec2.Port.HTTPS, 'the control plane to S3')

    application.connections.allowTo(
      this.proxy ?? this.database,
      ec2.Port.POSTGRES,
      'the application plane to PostgreSQL',
    )
    this.proxy?.connections.allowTo(this.database, ec2.Port.POSTGRES, 'the proxies to the database')
    control.connections.allowTo(this.database, ec2.Port.POSTGRES, 'the control plane to the database')
    this.rotation.connections.allowTo(this.database, ec2.Port.POSTGRES, 'rotation to the database')
    for (const caller of [application, control, this.rotation]) {
      caller.connections.allowTo(endpoints, ec2.Port.HTTPS, 'to AWS services')
    }
  }
}

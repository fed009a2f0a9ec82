import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'

export interface NetworkStackProps extends StackProps {
  readonly settings: Settings
}

/** A VPC without a way to the internet, and who may speak to whom in it: functions to the database, nothing else. */
export class NetworkStack extends Stack {
  readonly vpc: ec2.Vpc
  readonly functions: ec2.SecurityGroup
  readonly database: ec2.SecurityGroup
  readonly rotation: ec2.SecurityGroup

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
    this.functions = new ec2.SecurityGroup(this, 'Functions', {
      vpc: this.vpc,
      description: 'The functions of the application plane',
      allowAllOutbound: false,
    })
    this.database = new ec2.SecurityGroup(this, 'Database', {
      vpc: this.vpc,
      description: 'The database server',
      allowAllOutbound: false,
    })
    const endpoints = new ec2.SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'The endpoints of the AWS services that functions call',
      allowAllOutbound: false,
    })
    for (const [name, service] of Object.entries({
      SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      Lambda: ec2.InterfaceVpcEndpointAwsService.LAMBDA,
      StepFunctions: ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
    })) {
      this.vpc.addInterfaceEndpoint(name, { service, securityGroups: [endpoints], open: false })
    }

    // Exports and imports: the gateway endpoint is the only way out of an isolated subnet, and leads to S3 alone.
    this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 })
    this.functions.connections.allowToAnyIpv4(ec2.Port.HTTPS, 'functions to S3')
    this.functions.connections.allowTo(this.database, ec2.Port.POSTGRES, 'functions to the database')
    // Rotation speaks to the database and to Secrets Manager, as functions do.
    this.rotation = new ec2.SecurityGroup(this, 'Rotation', {
      vpc: this.vpc,
      description: 'The functions that rotate the passwords of logins',
      allowAllOutbound: false,
    })
    this.rotation.connections.allowTo(this.database, ec2.Port.POSTGRES, 'rotation to the database')
    this.rotation.connections.allowTo(endpoints, ec2.Port.HTTPS, 'rotation to Secrets Manager')
    this.functions.connections.allowTo(endpoints, ec2.Port.HTTPS, 'functions to AWS services')
  }
}

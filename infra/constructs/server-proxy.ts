import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as rds from 'aws-cdk-lib/aws-rds'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import type { NetworkStack } from '../stacks/network-stack.ts'
import { asItIs } from './as-it-is.ts'
import type { DatabaseServer } from './database-server.ts'

export interface ServerProxyProps {
  /** The server's. */
  readonly name: string
  readonly server: DatabaseServer
  /** Of the logins that come through it. */
  readonly secrets: readonly ISecret[]
  /** Of the server's connections, how many it may open. */
  readonly connectionPercent: number
  readonly settings: Settings
  readonly network: NetworkStack
}

/**
 * RDS Proxy before a server, for the application plane's logins. Nothing that its functions send pins a session to one client
 * (test/isolation/pinning.last.ts), so no filter is needed that would hide what does.
 */
export class ServerProxy extends Construct {
  readonly endpoint: string
  /** Its name, the dimension of its metrics. */
  readonly proxyName: string

  constructor(scope: Construct, id: string, props: ServerProxyProps) {
    super(scope, id)
    const { name, server, secrets, connectionPercent, settings, network } = props
    this.proxyName = `atrium-${settings.stage}-${name}`
    const logGroup = new logs.LogGroup(this, 'Logs', {
      // RDS's own name for it: made here so that its lines do not stay for ever.
      logGroupName: `/aws/rds/proxy/${this.proxyName}`,
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const proxy = new rds.DatabaseProxy(this, 'Proxy', {
      dbProxyName: this.proxyName,
      proxyTarget: server.proxyTarget,
      secrets: [...secrets],
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: network.proxy === undefined ? [] : [asItIs(this, 'SecurityGroup', network.proxy)],
      requireTLS: true,
      iamAuth: false,
      clientPasswordAuthType: rds.ClientPasswordAuthType.POSTGRES_SCRAM_SHA_256,
      maxConnectionsPercent: connectionPercent,
      maxIdleConnectionsPercent: Math.ceil(connectionPercent / 2),
      // As long as a function waits for a connection: `connectTimeout` in shared/db/pools.ts.
      borrowTimeout: Duration.seconds(5),
    })
    proxy.node.addDependency(logGroup)
    this.endpoint = proxy.endpoint
  }
}

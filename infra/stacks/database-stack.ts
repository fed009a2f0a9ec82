import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { nameOf } from '../constructs/name-of.ts'
import type { Settings } from '../settings.ts'
import type { NetworkStack } from './network-stack.ts'

export interface DatabaseStackProps extends StackProps {
  readonly settings: Settings
  readonly network: NetworkStack
}

/** A PostgreSQL server, and for each placement the secrets of both planes' logins. */
export class DatabaseStack extends Stack {
  /** The secrets of each plane's logins, one a placement. Functions find them by their names. */
  readonly loginSecrets: Readonly<Record<'api' | 'control', readonly secretsmanager.Secret[]>>

  /** The master user's secret, which RDS keeps and rotates. For the bootstrap function alone. */
  readonly masterSecret: secretsmanager.ISecret

  constructor(scope: Construct, id: string, { settings, network, ...props }: DatabaseStackProps) {
    super(scope, id, props)

    const server = new rds.DatabaseInstance(this, 'Server', {
      // The tests run on PostgreSQL 18 as well.
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_18_3 }),
      instanceType: new ec2.InstanceType(settings.database.instanceClass),
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [network.database],
      publiclyAccessible: false,
      credentials: rds.Credentials.fromUsername('master'),
      manageMasterUserPassword: true,
      allocatedStorage: settings.database.storageGiB,
      storageEncrypted: true,
      removalPolicy: RemovalPolicy.SNAPSHOT,
    })

    if (server.secret === undefined) throw new Error('RDS keeps no master secret for the server')
    this.masterSecret = server.secret

    const secretsOf = (login: 'api' | 'control', plane: string) =>
      settings.placements.map(
        ({ name, database }, index) =>
          // The first one's construct has no placement in its name, so that naming others moves nothing.
          new secretsmanager.Secret(this, `${index === 0 ? '' : nameOf(name)}${nameOf(login)}Login`, {
            secretName: `atrium/${settings.stage}/${name}/${login}`,
            description: `The ${plane} plane's login to the placement ${name}`,
            generateSecretString: {
              secretStringTemplate: this.toJsonString({
                engine: 'postgres',
                host: server.dbInstanceEndpointAddress,
                port: server.dbInstanceEndpointPort,
                dbname: database,
                username: `${database}_${login}`,
              }),
              generateStringKey: 'password',
              passwordLength: 40,
              excludePunctuation: true,
            },
          }),
      )
    this.loginSecrets = { api: secretsOf('api', 'application'), control: secretsOf('control', 'control') }
  }
}

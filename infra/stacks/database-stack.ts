import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import type { NetworkStack } from './network-stack.ts'

export interface DatabaseStackProps extends StackProps {
  readonly settings: Settings
  readonly network: NetworkStack
}

/** The first placement: a PostgreSQL server and the secrets of both planes' logins. */
export class DatabaseStack extends Stack {
  /** Names the secrets of the logins, which functions read by it. */
  readonly placement = 'main'
  readonly loginSecrets: Readonly<Record<'api' | 'control', secretsmanager.Secret>>

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

    const secretOf = (id: string, login: string, description: string) =>
      new secretsmanager.Secret(this, id, {
        secretName: `atrium/${settings.stage}/${this.placement}/${login}`,
        description,
        generateSecretString: {
          secretStringTemplate: this.toJsonString({
            engine: 'postgres',
            host: server.dbInstanceEndpointAddress,
            port: server.dbInstanceEndpointPort,
            dbname: settings.database.name,
            username: `${settings.database.name}_${login}`,
          }),
          generateStringKey: 'password',
          passwordLength: 40,
          excludePunctuation: true,
        },
      })
    this.loginSecrets = {
      api: secretOf('ApiLogin', 'api', "The application plane's login to the first placement"),
      control: secretOf('ControlLogin', 'control', "The control plane's login to the first placement"),
    }
  }
}

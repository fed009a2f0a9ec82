import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { acknowledge } from '../constructs/acknowledge.ts'
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

    const server = createServer(this, settings, network)
    if (server.secret === undefined) throw new Error('RDS keeps no master secret for the server')
    const masterSecret = server.secret
    acknowledgeServer(this, settings)
    this.masterSecret = masterSecret

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
                host: server.endpoint.hostname,
                port: server.endpoint.port,
                dbname: database,
                username: `${database}_${login}`,
                // Whom the rotation acts as.
                masterarn: masterSecret.secretArn,
              }),
              generateStringKey: 'password',
              passwordLength: 40,
              excludePunctuation: true,
            },
          }),
      )
    const rotate = (secret: secretsmanager.Secret) =>
      secret.addRotationSchedule('Rotation', {
        hostedRotation: secretsmanager.HostedRotation.postgreSqlMultiUser({
          ...{ masterSecret, vpc: network.vpc, securityGroups: [network.rotation], excludeCharacters: notInPasswords },
          vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
        }),
        automaticallyAfter: Duration.days(settings.rotationDays),
        // At the first deployment the logins are not there yet, and no update of the stack is a reason to rotate.
        rotateImmediatelyOnUpdate: false,
      })
    this.loginSecrets = { api: secretsOf('api', 'application'), control: secretsOf('control', 'control') }
    for (const secret of [...this.loginSecrets.api, ...this.loginSecrets.control]) rotate(secret)
  }
}

/** Letters and digits are enough for 40 of them, and need no quoting anywhere. */
const notInPasswords = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

/** What is asked of a server of either kind. */
interface Server {
  readonly endpoint: rds.Endpoint
  readonly secret?: secretsmanager.ISecret
}

/** The tests run on the same major version. */
const auroraVersion = rds.AuroraPostgresEngineVersion.VER_17_9
const instanceVersion = rds.PostgresEngineVersion.VER_18_3

function createServer(scope: Construct, settings: Settings, network: NetworkStack): Server {
  const { database, backupDays, deletionProtection } = settings
  const parameters = { 'rds.force_ssl': '1', max_locks_per_transaction: '256' }
  const shared = {
    vpc: network.vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    securityGroups: [network.database],
    credentials: rds.Credentials.fromUsername('master'),
    manageMasterUserPassword: true,
    storageEncrypted: true,
    deletionProtection,
    iamAuthentication: false,
    removalPolicy: RemovalPolicy.SNAPSHOT,
    cloudwatchLogsExports: ['postgresql'],
    cloudwatchLogsRetention: settings.logRetentionDays,
  }
  if (database.kind === 'instance') {
    const engine = rds.DatabaseInstanceEngine.postgres({ version: instanceVersion })
    const instance = new rds.DatabaseInstance(scope, 'Server', {
      ...shared,
      engine,
      parameters,
      instanceType: new ec2.InstanceType(database.instanceClass),
      allocatedStorage: database.storageGiB,
      multiAz: database.multiAz,
      backupRetention: Duration.days(backupDays),
      publiclyAccessible: false,
      copyTagsToSnapshot: true,
    })
    return {
      endpoint: instance.instanceEndpoint,
      ...(instance.secret === undefined ? {} : { secret: instance.secret }),
    }
  }
  const cluster = new rds.DatabaseCluster(scope, 'Cluster', {
    ...shared,
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: auroraVersion }),
    parameters,
    serverlessV2MinCapacity: database.minCapacity,
    serverlessV2MaxCapacity: database.maxCapacity,
    writer: rds.ClusterInstance.serverlessV2('Writer', { publiclyAccessible: false }),
    readers: Array.from({ length: database.readers }, (_, n) =>
      rds.ClusterInstance.serverlessV2(`Reader${n + 1}`, { scaleWithWriter: n === 0, publiclyAccessible: false }),
    ),
    backup: { retention: Duration.days(backupDays) },
    copyTagsToSnapshot: true,
  })
  return { endpoint: cluster.clusterEndpoint, ...(cluster.secret === undefined ? {} : { secret: cluster.secret }) }
}

function acknowledgeServer(stack: Stack, { database, deletionProtection }: Settings): void {
  acknowledge(stack, 'RDS11', 'Its security group admits functions alone, whatever the port is called.')
  acknowledge(
    stack,
    'RDS6',
    'Functions keep their connections; their logins are rotated, and a token of IAM would be asked for anew at each connection.',
  )
  acknowledge(
    stack,
    'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    logRetention,
  )
  acknowledge(stack, 'IAM5[Resource::*]', logRetention)
  if (!deletionProtection) acknowledge(stack, 'RDS10', 'A stage that is made and removed at will; a snapshot is kept.')
  if (database.kind === 'instance' && !database.multiAz) {
    acknowledge(stack, 'RDS3', 'A thrifty stage: what it stands for is one setting away.')
  }
}

const logRetention = "CDK's own function, which sets how long RDS's logs are kept."

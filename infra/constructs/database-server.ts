import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as rds from 'aws-cdk-lib/aws-rds'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import type { Server } from '../server-schema.ts'
import type { Settings } from '../settings.ts'
import type { NetworkStack } from '../stacks/network-stack.ts'
import { asItIs } from './as-it-is.ts'

export interface DatabaseServerProps {
  readonly name: string
  readonly server: Server
  readonly settings: Settings
  readonly network: NetworkStack
}

const managed = {
  credentials: rds.Credentials.fromUsername('master'),
  manageMasterUserPassword: true,
  storageEncrypted: true,
}

/** PostgreSQL's `max_locks_per_transaction`, and what 500 tenants of some 50 relations come to. */
const defaultLocks = 64
const mostLocks = 25_000

/**
 * A PostgreSQL server that the internet cannot reach, its master password kept by RDS: an Aurora Serverless v2 cluster, or one
 * instance.
 */
export class DatabaseServer extends Construct {
  readonly endpoint: rds.Endpoint
  /** The master user's secret, which RDS keeps and rotates. */
  readonly masterSecret: ISecret
  readonly proxyTarget: rds.ProxyTarget
  readonly made: rds.IDatabaseCluster | rds.IDatabaseInstance

  constructor(scope: Construct, id: string, { name, server, settings, network }: DatabaseServerProps) {
    super(scope, id)
    const { backupDays } = settings
    const { maxConnections, snapshot } = server
    // What begins with a snapshot is there for a while, and has nothing of its own to lose.
    const deletionProtection = settings.deletionProtection && snapshot === undefined
    const keepsLast = settings.removal === 'snapshot' && snapshot === undefined
    const parameters = {
      'rds.force_ssl': '1',
      max_connections: String(maxConnections),
      // A statement over a whole placement locks each tenant's relations; there are so many for each connection. Where they
      // are enough, PostgreSQL's own number stays: another keeps Aurora from scaling below 2 units.
      ...(maxConnections * defaultLocks < mostLocks ? { max_locks_per_transaction: '256' } : {}),
    }
    const shared = {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [asItIs(this, 'SecurityGroup', network.database)],
      deletionProtection,
      iamAuthentication: false,
      removalPolicy: keepsLast ? RemovalPolicy.SNAPSHOT : RemovalPolicy.DESTROY,
      cloudwatchLogsExports: ['postgresql'],
      cloudwatchLogsRetention: settings.logRetentionDays,
    }
    if (server.kind === 'instance') {
      const props = {
        ...{ ...shared, parameters },
        engine: rds.DatabaseInstanceEngine.postgres({
          version: rds.PostgresEngineVersion.of(server.version, majorOf(server.version)),
        }),
        instanceType: new ec2.InstanceType(server.instanceClass),
        allocatedStorage: server.storageGiB,
        multiAz: server.multiAz,
        backupRetention: Duration.days(backupDays),
        publiclyAccessible: false,
        copyTagsToSnapshot: true,
      }
      const instance =
        snapshot === undefined
          ? new rds.DatabaseInstance(this, 'Instance', { ...props, ...managed })
          : new rds.DatabaseInstanceFromSnapshot(this, 'Instance', {
              ...{ ...props, snapshotIdentifier: snapshot },
              credentials: rds.SnapshotCredentials.fromGeneratedSecret('master'),
            })
      this.endpoint = instance.instanceEndpoint
      this.masterSecret = masterSecretOf(instance, name)
      this.proxyTarget = rds.ProxyTarget.fromInstance(instance)
      this.made = instance
      return
    }
    const props = {
      ...{ ...shared, parameters },
      engine: rds.DatabaseClusterEngine.auroraPostgres({
        version: rds.AuroraPostgresEngineVersion.of(server.version, majorOf(server.version)),
      }),
      serverlessV2MinCapacity: server.minCapacity,
      serverlessV2MaxCapacity: server.maxCapacity,
      writer: rds.ClusterInstance.serverlessV2('Writer', { publiclyAccessible: false }),
      readers: Array.from({ length: server.readers }, (_, n) =>
        rds.ClusterInstance.serverlessV2(`Reader${n + 1}`, { scaleWithWriter: n === 0, publiclyAccessible: false }),
      ),
      backup: { retention: Duration.days(backupDays) },
      copyTagsToSnapshot: true,
    }
    const cluster =
      snapshot === undefined
        ? new rds.DatabaseCluster(this, 'Cluster', { ...props, ...managed })
        : new rds.DatabaseClusterFromSnapshot(this, 'Cluster', {
            ...{ ...props, snapshotIdentifier: snapshot, manageMasterUserPassword: true },
          })
    this.endpoint = cluster.clusterEndpoint
    this.masterSecret = masterSecretOf(cluster, name)
    this.proxyTarget = rds.ProxyTarget.fromCluster(cluster)
    this.made = cluster
  }
}

/** `18.4` → `18` */
function majorOf(version: string): string {
  return version.split('.')[0] ?? version
}

function masterSecretOf({ secret }: { readonly secret?: ISecret }, name: string): ISecret {
  if (secret === undefined) throw new Error(`RDS keeps no master secret for the server "${name}"`)
  return secret
}

import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../infra/settings.ts'
import { checkSettings } from '../../infra/settings-schema.ts'
import { templatesOf } from '../support/synthesise.ts'

const dev = templatesOf(readSettings('dev'))
const database = dev('Database')
const network = dev('Network')

it('of dev is an encrypted instance that the internet cannot reach, its master password kept by RDS', () => {
  database.hasResourceProperties('AWS::RDS::DBInstance', {
    ...{ Engine: 'postgres', EngineVersion: Match.stringLikeRegexp('^18'), PubliclyAccessible: false },
    ...{ StorageEncrypted: true, ManageMasterUserPassword: true, BackupRetentionPeriod: 7 },
  })
  database.hasResourceProperties('AWS::RDS::DBParameterGroup', {
    Parameters: { 'rds.force_ssl': '1', max_connections: '100', max_locks_per_transaction: '256' },
  })
  database.allResources('AWS::RDS::DBInstance', { DeletionPolicy: 'Delete' })
  database.resourceCountIs('AWS::RDS::DBProxy', 0)
})

describe.each(['staging', 'production'])('of %s', (stage) => {
  const templates = templatesOf(readSettings(stage))
  const kept = stage === 'production'

  it('is an encrypted Aurora cluster over two zones, with backups and TLS, and refuses to be deleted in production', () => {
    const cluster = templates('Database')
    cluster.hasResourceProperties('AWS::RDS::DBCluster', {
      ...{ Engine: 'aurora-postgresql', EngineVersion: Match.stringLikeRegexp('^18'), StorageEncrypted: true },
      ...{ BackupRetentionPeriod: kept ? 35 : 7, DeletionProtection: kept, ManageMasterUserPassword: true },
    })
    cluster.allResources('AWS::RDS::DBCluster', { DeletionPolicy: kept ? 'Snapshot' : 'Delete' })
    cluster.resourcePropertiesCountIs('AWS::RDS::DBInstance', { PubliclyAccessible: false }, 2)
    cluster.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', {
      Parameters: Match.objectLike({ 'rds.force_ssl': '1', max_connections: '2000' }),
    })
  })

  it("has a proxy for the API's logins alone, over TLS, with its share of the connections and no filter", () => {
    const proxied = templates('Database')
    proxied.resourceCountIs('AWS::RDS::DBProxy', 1)
    const [{ Properties }] = Object.values(proxied.findResources('AWS::RDS::DBProxy')) as [{ Properties: never }]
    const { RequireTLS, Auth, DBProxyName } = Properties as {
      RequireTLS: boolean
      Auth: { SecretArn: { Ref: string }; IAMAuth: string }[]
      DBProxyName: string
    }
    expect({ RequireTLS, DBProxyName }).toEqual({ RequireTLS: true, DBProxyName: `atrium-${stage}-main` })
    expect(Auth.map(({ SecretArn, IAMAuth }) => [SecretArn.Ref.replace(/[0-9A-F]{8}$/, ''), IAMAuth])).toEqual([
      ['ApiLogin', 'DISABLED'],
    ])
    proxied.hasResourceProperties('AWS::RDS::DBProxyTargetGroup', {
      ConnectionPoolConfigurationInfo: {
        ...{ MaxConnectionsPercent: 70, MaxIdleConnectionsPercent: 35, ConnectionBorrowTimeout: 5 },
        SessionPinningFilters: Match.absent(),
      },
    })
    proxied.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: `/aws/rds/proxy/atrium-${stage}-main` })
  })

  it('lets functions reach the proxy and the proxy the database, the control plane the database itself', () => {
    expect(pathsTo(templates('Network'))).toEqual([
      ...['ControlFunctions → Database', 'Functions → Proxy', 'Proxy → Database', 'Rotation → Database'],
    ])
  })
})

it('stands in a VPC without a way to the internet, and listens to functions alone', () => {
  network.resourceCountIs('AWS::EC2::VPC', 1)
  network.resourceCountIs('AWS::EC2::NatGateway', 0)
  network.resourceCountIs('AWS::EC2::InternetGateway', 0)
  expect(pathsTo(network)).toEqual([...['ControlFunctions → Database', 'Functions → Database', 'Rotation → Database']])
  // What is let in is let in by security group, never by address.
  for (const { Properties } of Object.values(network.findResources('AWS::EC2::SecurityGroupIngress'))) {
    expect(Properties.SourceSecurityGroupId).toBeDefined()
    expect(Properties.CidrIp).toBeUndefined()
  }
})

it('is reached by the control plane alone from where S3 is: the application plane speaks to endpoints', () => {
  const open = Object.entries(network.findResources('AWS::EC2::SecurityGroup'))
    .filter(([, { Properties }]) => JSON.stringify(Properties.SecurityGroupEgress ?? []).includes('0.0.0.0/0'))
    .map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))
  expect(open).toEqual(['ControlFunctions'])
  const services = Object.values(network.findResources('AWS::EC2::VPCEndpoint')).map(
    ({ Properties }) => /\.(secretsmanager|lambda|states|rds|s3)"/.exec(JSON.stringify(Properties.ServiceName))?.[1],
  )
  // RDS for rotation, which asks it where the server is.
  expect(services.toSorted()).toEqual(['lambda', 'rds', 's3', 'secretsmanager', 'states'])
})

/** Who may open a connection to PostgreSQL, and where. */
function pathsTo(template: typeof network): string[] {
  return Object.values(template.findResources('AWS::EC2::SecurityGroupIngress'))
    .filter(({ Properties }) => Properties.FromPort === 5432 && Properties.ToPort === 5432)
    .map(({ Properties }) =>
      [Properties.SourceSecurityGroupId, Properties.GroupId]
        .map((group) => group['Fn::GetAtt'][0].replace(/[0-9A-F]{8}$/, ''))
        .join(' → '),
    )
    .toSorted()
}

it.each(['instance', 'aurora'] as const)('an %s of a snapshot begins with it, beside the others', (kind) => {
  const settings = readSettings(kind === 'aurora' ? 'production' : 'dev')
  const { main } = settings.servers
  if (main === undefined) throw new Error('there is no main server')
  const snapshot = 'arn:aws:rds:eu-west-1:111122223333:snapshot:of-yesterday'
  const restored = templatesOf(
    checkSettings({
      ...settings,
      servers: { main, restored: { ...main, snapshot } },
      placements: [...settings.placements, { name: 'restored', database: 'atrium_main', server: 'restored' }],
    }),
  )('Database')
  const [type, name] =
    kind === 'aurora' ? ['AWS::RDS::DBCluster', 'SnapshotIdentifier'] : ['AWS::RDS::DBInstance', 'DBSnapshotIdentifier']
  const from = Object.values(restored.findResources(type)).map(({ Properties }) => Properties[name])
  expect(from.toSorted()).toEqual([snapshot, undefined])
  // It is there for a while, and goes.
  for (const { Properties, DeletionPolicy } of Object.values(restored.findResources(type))) {
    if (Properties[name] !== snapshot) continue
    expect({ DeletionPolicy, protected: Properties.DeletionProtection ?? false }).toEqual({
      DeletionPolicy: 'Delete',
      protected: false,
    })
  }
  // Somebody knows its master: RDS, or a secret of its own.
  const secrets = Object.values(restored.findResources('AWS::SecretsManager::Secret'))
  const names = secrets.flatMap(({ Properties }) => Properties.Name ?? [])
  expect(names).toContain(`atrium/${settings.stage}/restored/control`)
})

describe('logins', () => {
  it('have generated secrets, under the names that functions ask for', () => {
    database.hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: 'atrium/dev/main/api',
      GenerateSecretString: Match.objectLike({ GenerateStringKey: 'password' }),
    })
  })

  it('are rotated with alternating users, and not whenever the stack is updated', () => {
    database.resourceCountIs('AWS::SecretsManager::RotationSchedule', 2)
    database.allResourcesProperties('AWS::SecretsManager::RotationSchedule', {
      ...{ RotateImmediatelyOnUpdate: false, RotationRules: { ScheduleExpression: 'rate(30 days)' } },
      HostedRotationLambda: Match.objectLike({ RotationType: 'PostgreSQLMultiUser' }),
    })
    for (const login of ['api', 'control']) {
      database.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: `/aws/lambda/rotate-dev-main-${login}` })
    }
    for (const secret of Object.values(database.findResources('AWS::SecretsManager::Secret'))) {
      expect(JSON.stringify(secret)).toContain('masterarn')
    }
  })

  it('of every placement that the settings declare are there, each on the server of its placement', () => {
    const settings = readSettings('dev')
    const { main } = settings.servers
    if (main === undefined) throw new Error('there is no main server')
    const templates = templatesOf(
      checkSettings({
        ...settings,
        servers: {
          main,
          large: { kind: 'aurora', version: '18.4', minCapacity: 1, maxCapacity: 8, readers: 0, maxConnections: 500 },
        },
        placements: [...settings.placements, { name: 'large-shops', database: 'atrium_large', server: 'large' }],
        proxy: { connectionPercent: 50 },
        connection: { ...settings.connection, named: false },
      }),
    )
    const secrets = Object.values(templates('Database').findResources('AWS::SecretsManager::Secret'))
    const serverOf = (secret: object) =>
      /(MainServer|LargeServer)/.exec(JSON.stringify(secret).replaceAll('Proxy', ''))?.[1] ?? ''
    expect(Object.fromEntries(secrets.map((secret) => [secret.Properties.Name, serverOf(secret)]))).toEqual({
      ...{ 'atrium/dev/large-shops/api': 'LargeServer', 'atrium/dev/large-shops/control': 'LargeServer' },
      ...{ 'atrium/dev/main/api': 'MainServer', 'atrium/dev/main/control': 'MainServer' },
    })
    templates('Database').resourceCountIs('AWS::RDS::DBProxy', 2)
    for (const policy of Object.values(templates('Application').findResources('AWS::IAM::Policy'))) {
      expect(JSON.stringify(policy)).toContain('RefLargeShopsApiLogin')
    }
    for (const { Properties } of Object.values(templates('Application').findResources('AWS::Lambda::Function'))) {
      expect(JSON.stringify(Properties.Environment.Variables.PROXY_HOSTS)).toMatch(
        /main=.*MainProxy.*large-shops=.*LargeProxy/,
      )
    }
  })
})

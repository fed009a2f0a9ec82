import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlRoutes } from '../../functions/control-routes.ts'
import { routes } from '../../functions/routes.ts'
import { createApp } from '../../infra/app.ts'
import { createStage } from '../../infra/create-stage.ts'
import { readSettings } from '../../infra/settings.ts'
import { checkSettings } from '../../infra/settings-schema.ts'
import type { SliceOutcome } from '../../shared/control/run-operations.ts'

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'))

function synthesise(stage: string): App {
  // Without bundling: what the bundles hold is tested where they are served.
  const app = new App({ outdir: join(outdir, stage), context: { ...context, stage, 'aws:cdk:bundling-stacks': [] } })
  createApp(app, stage)
  return app
}

let app: App
const outdir = mkdtempSync(join(tmpdir(), 'atrium-infra-'))
afterAll(() => rmSync(outdir, { recursive: true }))
const template = (stack: string) => Template.fromStack(app.node.findChild(`Atrium-dev-${stack}`) as never)

beforeAll(() => {
  app = synthesise('dev')
})

describe('the application plane', () => {
  it('has the routes of the table and no other, each to its own function', () => {
    const resources = template('Application').toJSON().Resources
    const found = Object.values<{ Type: string; Properties: never }>(resources)
      .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
      .map(({ Properties }) => {
        const { RouteKey, Target } = Properties as {
          RouteKey: string
          Target: { 'Fn::Join': [string, [string, { Ref: string }]] }
        }
        const integration = resources[Target['Fn::Join'][1][1].Ref]
        const [functionId] = integration.Properties.IntegrationUri['Fn::GetAtt']
        return `${RouteKey} → ${functionId.replace(/Function[0-9A-F]{8}$/, '').toLowerCase()}`
      })
    expect(found.toSorted()).toEqual(
      routes.map((route) => `${route.method} ${route.path} → ${route.function}`).toSorted(),
    )
  })

  it('speaks payload 2.0 to functions of nodejs24.x on arm64, in the VPC', () => {
    const names = new Set(routes.map((route) => route.function))
    const application = template('Application')
    application.resourceCountIs('AWS::Lambda::Function', names.size)
    application.allResourcesProperties('AWS::Lambda::Function', {
      ...{ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler', MemorySize: 512, Timeout: 15 },
      VpcConfig: Match.objectLike({ SubnetIds: Match.anyValue() }),
      Environment: {
        Variables: Match.objectLike({ ATRIUM_STAGE: 'dev', ATRIUM_CATALOG: 'main', ATRIUM_LOGIN: 'api' }),
      },
    })
    application.allResourcesProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' })
  })

  it("lets a function read its login's secret and have signing keys fetched, and nothing else", () => {
    template('Application').allResourcesProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: [
          Match.objectLike({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }),
          Match.objectLike({ Action: Match.arrayWith(['ec2:CreateNetworkInterface']), Resource: '*' }),
          {
            Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
            Effect: 'Allow',
            // A secret's Ref is its whole ARN, its six random characters included.
            Resource: { 'Fn::ImportValue': Match.stringLikeRegexp('ExportsOutputRefApiLogin') },
          },
          Match.objectLike({ Action: 'lambda:InvokeFunction', Effect: 'Allow' }),
        ],
      }),
    })
  })
})

describe('the control plane', () => {
  it('has the routes of its table and no other, every one of them for IAM principals alone', () => {
    const found = Object.values<{ Type: string; Properties: { RouteKey: string; AuthorizationType: string } }>(
      template('Control').toJSON().Resources,
    ).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    expect(found.map(({ Properties }) => Properties.RouteKey).toSorted()).toEqual(
      controlRoutes.map(({ method, path }) => `${method} ${path}`).toSorted(),
    )
    expect(new Set(found.map(({ Properties }) => Properties.AuthorizationType))).toEqual(new Set(['AWS_IAM']))
  })

  it('lets the bootstrap function alone read the master secret, and the placements function alone invoke it', () => {
    const policies = template('Control').findResources('AWS::IAM::Policy')
    const holders = (mark: string) =>
      Object.entries(policies)
        .filter(([, policy]) => JSON.stringify(policy).includes(mark))
        .map(([id]) => id.replace(/Role.*$/, ''))
    expect(holders('MasterUserSecret')).toEqual(['Bootstrap'])
    // Beside CDK's own provider, and the machine that invokes the worker.
    const invoking = holders('lambda:InvokeFunction').filter((id) => !/^(?:FleetDeployment|OperationsMachine)/.test(id))
    expect(invoking.toSorted()).toEqual(['DeploymentBegin', 'Placements', 'SigningKeys', 'Worker'])
  })

  it("lets its functions read the control plane's login, and the probe the API's instead", () => {
    for (const [id, { Properties }] of Object.entries(template('Control').findResources('AWS::Lambda::Function'))) {
      // CDK's own.
      if (id.startsWith('FleetDeployment')) continue
      const expected = id.startsWith('Courier') ? undefined : id.startsWith('Probe') ? 'api' : 'control'
      expect(Properties.Environment.Variables.ATRIUM_LOGIN, id).toBe(expected)
      // The courier alone is where the internet is.
      expect(Properties.VpcConfig === undefined, id).toBe(id.startsWith('Courier'))
    }
    const policies = Object.entries(template('Control').findResources('AWS::IAM::Policy'))
    expect(policies.length).toBeGreaterThan(5)
    for (const [id, policy] of policies.filter(([id]) => !/^(?:OperationsMachine|Courier|FleetDeployment)/.test(id))) {
      const text = JSON.stringify(policy)
      const isProbe = id.startsWith('Probe')
      expect(text.includes('ExportsOutputRefControlLogin'), id).toBe(!isProbe)
      expect(text.includes('ExportsOutputRefApiLogin'), id).toBe(isProbe || id.startsWith('Bootstrap'))
    }
  })
})

it('migrates the fleet before new code takes traffic, and again whenever a migration comes', () => {
  template('Control').hasResourceProperties('Custom::AtriumFleet', {
    migrations: Match.stringLikeRegexp('^[0-9a-f]{32,}$'),
  })
  const [application] = app.node.children.filter(({ node }) => node.id.endsWith('Application'))
  const before = (application as Stack).dependencies.map(({ node }) => node.id)
  expect(before).toContain('Atrium-dev-Control')
})

describe('operations', () => {
  it('are worked on by a machine that invokes the worker until it is idle, begun once a minute and by whoever records one', () => {
    const control = template('Control')
    const machines = Object.entries(control.findResources('AWS::StepFunctions::StateMachine'))
    const [, machine] = machines.find(([id]) => id.startsWith('OperationsMachine')) ?? []
    const parts: unknown[] = machine?.Properties.DefinitionString['Fn::Join'][1]
    const { StartAt, States } = JSON.parse(
      parts.map((part) => (typeof part === 'string' ? part : 'a-reference')).join(''),
    )
    expect({ StartAt, next: States.Slice.Next, ...States.Again }).toEqual({
      ...{ StartAt: 'Slice', next: 'Again', Type: 'Choice', Default: 'Slice' },
      Choices: [{ Variable: '$.outcome', StringEquals: 'idle' satisfies SliceOutcome, Next: 'Idle' }],
    })
    control.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)' })
    const starters = Object.entries(control.findResources('AWS::IAM::Policy'))
      .filter(
        ([id, policy]) =>
          JSON.stringify(policy).includes('states:StartExecution') &&
          !/^(?:OperationsMachine|FleetDeployment)/.test(id),
      )
      .map(([id]) => id.replace(/Role.*$/, ''))
    expect(starters.toSorted()).toEqual([
      ...['DeploymentIsComplete', 'Migrations', 'Operations', 'Placements', 'Tenants'],
    ])
  })
})

describe('the database', () => {
  it('is an encrypted PostgreSQL that the internet cannot reach, its master password kept by RDS', () => {
    template('Database').hasResourceProperties('AWS::RDS::DBInstance', {
      ...{ Engine: 'postgres', EngineVersion: Match.stringLikeRegexp('^18'), PubliclyAccessible: false },
      ...{ StorageEncrypted: true, ManageMasterUserPassword: true },
    })
  })

  it("has a generated secret for the API's login, under the name that functions ask for", () => {
    template('Database').hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: 'atrium/dev/main/api',
      GenerateSecretString: Match.objectLike({ GenerateStringKey: 'password' }),
    })
  })

  it('has secrets for both logins of every placement that the settings declare, read by their plane', () => {
    const more = new App({ outdir: join(outdir, 'more'), context: { ...context, 'aws:cdk:bundling-stacks': [] } })
    const settings = readSettings('dev')
    const placements = [...settings.placements, { name: 'large-shops', database: 'atrium_large', server: 'main' }]
    createStage(more, { ...settings, placements })
    const stack = (name: string) => Template.fromStack(more.node.findChild(`Atrium-dev-${name}`) as never)
    const secrets = Object.values(stack('Database').findResources('AWS::SecretsManager::Secret'))
    expect(secrets.map(({ Properties }) => Properties.Name).toSorted()).toEqual([
      ...['atrium/dev/large-shops/api', 'atrium/dev/large-shops/control'],
      ...['atrium/dev/main/api', 'atrium/dev/main/control'],
    ])
    for (const policy of Object.values(stack('Application').findResources('AWS::IAM::Policy'))) {
      expect(JSON.stringify(policy)).toContain('RefLargeShopsApiLogin')
    }
  })

  it.each([
    ['placements', { placements: [] }],
    [
      'placements.1.database',
      {
        placements: [
          { name: 'a', database: 'a' },
          { name: 'b', database: 'b-c' },
        ],
      },
    ],
    [
      'placements',
      {
        placements: [
          { name: 'a', database: 'a' },
          { name: 'a', database: 'b' },
        ],
      },
    ],
    ['database.minCapacity', { database: { kind: 'aurora' as const, minCapacity: -1, maxCapacity: 4, readers: 0 } }],
    ['throttle.perSecond', { throttle: { perSecond: 0, burst: 1 } }],
    ['function.timeoutSeconds', { function: { memoryMiB: 512, timeoutSeconds: 30 } }],
  ])('is refused in one line when the setting %s is wrong', (path, change) => {
    expect(() => checkSettings({ ...readSettings('dev'), ...change })).toThrow(
      new RegExp(`^the setting ${path} of the stage "dev" `),
    )
  })

  it("rotates every login's password with alternating users, and not whenever the stack is updated", () => {
    const database = template('Database')
    database.resourceCountIs('AWS::SecretsManager::RotationSchedule', 2)
    database.allResourcesProperties('AWS::SecretsManager::RotationSchedule', {
      ...{ RotateImmediatelyOnUpdate: false, RotationRules: { ScheduleExpression: 'rate(30 days)' } },
      HostedRotationLambda: Match.objectLike({ RotationType: 'PostgreSQLMultiUser' }),
    })
    for (const secret of Object.values(database.findResources('AWS::SecretsManager::Secret'))) {
      expect(JSON.stringify(secret)).toContain('masterarn')
    }
  })

  it.each(['staging', 'production'])('of %s is an encrypted Aurora cluster with a reader, backups and TLS', (stage) => {
    const database = Template.fromStack(synthesise(stage).node.findChild(`Atrium-${stage}-Database`) as never)
    database.hasResourceProperties('AWS::RDS::DBCluster', {
      ...{ Engine: 'aurora-postgresql', EngineVersion: Match.stringLikeRegexp('^1[678]'), StorageEncrypted: true },
      ...{ BackupRetentionPeriod: stage === 'production' ? 35 : 7, DeletionProtection: stage === 'production' },
      ManageMasterUserPassword: true,
    })
    database.allResources('AWS::RDS::DBCluster', { DeletionPolicy: 'Snapshot' })
    database.resourcePropertiesCountIs('AWS::RDS::DBInstance', { PubliclyAccessible: false }, 2)
    database.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', {
      Parameters: Match.objectLike({ 'rds.force_ssl': '1' }),
    })
  })

  it('stands in a VPC without a way to the internet, and listens to the functions alone', () => {
    const network = template('Network')
    network.resourceCountIs('AWS::EC2::VPC', 1)
    network.resourceCountIs('AWS::EC2::NatGateway', 0)
    network.resourceCountIs('AWS::EC2::InternetGateway', 0)
    // The functions, and those that rotate their passwords.
    network.resourcePropertiesCountIs('AWS::EC2::SecurityGroupIngress', { FromPort: 5432, ToPort: 5432 }, 2)
    network.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      ...{ FromPort: 5432, ToPort: 5432, IpProtocol: 'tcp' },
      SourceSecurityGroupId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Functions'), 'GroupId'] },
    })
  })
})

it('refuses a stage that there is not', () => {
  expect(() => synthesise('prod')).toThrow('there are no settings for the stage "prod": choose one of dev')
})

import type { Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { controlRoutes } from '../../functions/control-routes.ts'
import { readSettings } from '../../infra/settings.ts'
import type { SliceOutcome } from '../../shared/control/run-operations.ts'
import { createAppOf, templatesOf } from '../support/synthesise.ts'

const control = templatesOf(readSettings('dev'))('Control')

describe('the control plane', () => {
  it('has the routes of its table and no other, every one of them for IAM principals alone', () => {
    const found = Object.values<{ Type: string; Properties: { RouteKey: string; AuthorizationType: string } }>(
      control.toJSON().Resources,
    ).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    expect(found.map(({ Properties }) => Properties.RouteKey).toSorted()).toEqual(
      controlRoutes.map(({ method, path }) => `${method} ${path}`).toSorted(),
    )
    expect(new Set(found.map(({ Properties }) => Properties.AuthorizationType))).toEqual(new Set(['AWS_IAM']))
  })

  it('lets the bootstrap function alone read the master secret, and the placements function alone invoke it', () => {
    const policies = control.findResources('AWS::IAM::Policy')
    const holders = (mark: string) =>
      Object.entries(policies)
        .filter(([, policy]) => JSON.stringify(policy).includes(mark))
        .map(([id]) => id.replace(/Role.*$/, ''))
    expect(holders('MasterUserSecret')).toEqual(['Bootstrap'])
    // Beside CDK's own provider, and the machine that invokes the worker.
    const invoking = holders('lambda:InvokeFunction').filter((id) => !/^(?:FleetDeployment|OperationsMachine)/.test(id))
    expect(invoking.toSorted()).toEqual(['DeploymentBegin', 'Domains', 'Placements', 'SigningKeys', 'Worker'])
  })

  it("lets its functions read the control plane's login, and the probe the API's instead", () => {
    for (const [id, { Properties }] of Object.entries(control.findResources('AWS::Lambda::Function'))) {
      // CDK's own.
      if (id.startsWith('FleetDeployment')) continue
      const expected = id.startsWith('Courier') ? undefined : id.startsWith('Probe') ? 'api' : 'control'
      expect(Properties.Environment.Variables.ATRIUM_LOGIN, id).toBe(expected)
      // The courier alone is where the internet is.
      expect(Properties.VpcConfig === undefined, id).toBe(id.startsWith('Courier'))
    }
    const policies = Object.entries(control.findResources('AWS::IAM::Policy'))
    expect(policies.length).toBeGreaterThan(5)
    for (const [id, policy] of policies.filter(
      ([id]) => !/^(?:OperationsMachine|Courier|FleetDeployment|SmokeTest)/.test(id),
    )) {
      const text = JSON.stringify(policy)
      const isProbe = id.startsWith('Probe')
      expect(text.includes('PublishOutputRefControlLogin'), id).toBe(!isProbe)
      expect(text.includes('PublishOutputRefApiLogin'), id).toBe(isProbe || id.startsWith('Bootstrap'))
    }
  })
})

it('migrates the fleet before new code takes traffic, and again whenever a migration comes', () => {
  control.hasResourceProperties('Custom::AtriumFleet', {
    migrations: Match.stringLikeRegexp('^[0-9a-f]{32,}$'),
    // Grants and settings of a placement too, and whether a proxy comes to it.
    ...{ placements: Match.stringLikeRegexp('^[0-9a-f]{32,}$'), settings: Match.stringLikeRegexp('atrium_main') },
  })
  const application = createAppOf('dev').node.findChild('Atrium-dev-Application') as Stack
  expect(application.dependencies.map(({ node }) => node.id)).toContain('Atrium-dev-Control')
})

describe('operations', () => {
  it('are worked on by a machine that invokes the worker until it is idle, begun once a minute and by whoever records one', () => {
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
      ...['DeploymentIsComplete', 'Domains', 'Migrations', 'Operations', 'Placements', 'Tenants'],
    ])
  })
})

it('keeps its endpoint on in production: IAM guards it', () => {
  const production = templatesOf(readSettings('production'))('Control')
  production.hasResourceProperties('AWS::ApiGatewayV2::Api', { DisableExecuteApiEndpoint: Match.absent() })
})

describe('the role of smoke tests', () => {
  const settings = readSettings('staging')

  it('is there for one account alone, that of a pipeline where there is one, and may make and purge tenants of its own names', () => {
    const tested = templatesOf(settings, { smokeTestedFrom: '111122223333' })('Control')
    tested.hasResourceProperties('AWS::IAM::Role', {
      RoleName: 'atrium-staging-smoke-test',
      AssumeRolePolicyDocument: Match.objectLike({
        Statement: [Match.objectLike({ Principal: { AWS: Match.objectLike({ 'Fn::Join': Match.anyValue() }) } })],
      }),
    })
    const [policy] = Object.entries(tested.findResources('AWS::IAM::Policy'))
      .filter(([id]) => id.startsWith('SmokeTest'))
      .map(([, { Properties }]) => Properties.PolicyDocument.Statement)
    expect(policy).toHaveLength(1)
    expect(policy[0].Action).toBe('execute-api:Invoke')
    expect(
      JSON.stringify(policy[0].Resource)
        .match(/\$default[^"]*/g)
        ?.toSorted(),
    ).toEqual([
      ...['$default/DELETE/tenants/smoke-*', '$default/GET/operations/*', '$default/POST/tenants'],
      '$default/POST/tenants/smoke-*/keys',
    ])
  })
})

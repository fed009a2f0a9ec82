import { Stack } from 'aws-cdk-lib'
import type { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../infra/settings.ts'
import { allTemplates, createAppOf } from '../support/synthesise.ts'

interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Effect: string
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

/** What CDK makes by itself: providers of its custom resources, at work during deployments alone. */
const cdksOwn = /^(?:FleetDeploymentProvider|LogRetention|CustomVpcRestrictDefaultSG)/
/** Vended logs and X-Ray take no resource (acknowledged where they are granted). */
const withoutResource =
  /^(?:acm:RequestCertificate|ec2:\w+NetworkInterfaces?|xray:\w+|logs:(?:\w+LogDelivery|ListLogDeliveries|\w+ResourcePolic\w+|DescribeLogGroups))$/

function statementsOf(template: Template): [string, Statement][] {
  return Object.entries(template.findResources('AWS::IAM::Policy')).flatMap(([id, { Properties }]) =>
    Properties.PolicyDocument.Statement.map((statement: Statement): [string, Statement] => [id, statement]),
  )
}

describe.each(['dev', 'staging', 'production'])('in every template of %s', (stage) => {
  const app = createAppOf(stage)
  const templates = [...allTemplates(app)]
  const settings = readSettings(stage)

  it('there are six stacks, and all that follows looks at each', () => {
    expect(templates.map(([name]) => name.split('-')[2])).toEqual([
      ...['Network', 'Database', 'Control', 'Application', 'Edge', 'Operations'],
    ])
    expect(app.node.children.filter((child) => Stack.isStack(child))).toHaveLength(6)
  })

  it('nobody is granted an action by wildcard, nor a resource but where there is none to name', () => {
    const complaints = templates.flatMap(([name, template]) =>
      statementsOf(template)
        .filter(([id]) => !cdksOwn.test(id))
        .flatMap(([id, { Action, Resource }]) => [
          ...list(Action).flatMap((action) => (String(action).includes('*') ? [`${name} ${id}: ${action}`] : [])),
          ...(list(Resource).includes('*') && !list(Action).every((action) => withoutResource.test(String(action)))
            ? [`${name} ${id}: ${list(Action).join()} on *`]
            : []),
        ]),
    )
    expect(complaints).toEqual([])
  })

  it('every log is kept as long as the settings say', () => {
    const groups = templates.flatMap(([, template]) => Object.entries(template.findResources('AWS::Logs::LogGroup')))
    expect(groups.length).toBeGreaterThan(15)
    for (const [id, { Properties }] of groups) expect(Properties.RetentionInDays, id).toBe(settings.logRetentionDays)
    for (const [, template] of templates) {
      for (const { Properties } of Object.values(template.findResources('Custom::LogRetention'))) {
        expect(Properties.RetentionInDays).toBe(settings.logRetentionDays)
      }
    }
    // A function without a group of its own would have one made for it that keeps lines for ever.
    for (const [, template] of templates) {
      for (const [id, { Properties }] of Object.entries(template.findResources('AWS::Lambda::Function'))) {
        if (!cdksOwn.test(id)) expect(Properties.LoggingConfig?.LogGroup, id).toBeDefined()
      }
    }
  })

  it('what is stored is encrypted, and no bucket or database is public', () => {
    for (const [, template] of templates) {
      for (const type of ['AWS::RDS::DBInstance', 'AWS::RDS::DBCluster']) {
        for (const [id, { Properties }] of Object.entries(template.findResources(type))) {
          const ofCluster = type === 'AWS::RDS::DBInstance' && Properties.DBClusterIdentifier !== undefined
          if (!ofCluster) expect(Properties.StorageEncrypted, id).toBe(true)
          if (type === 'AWS::RDS::DBInstance') expect(Properties.PubliclyAccessible, id).toBe(false)
        }
      }
      for (const [id, { Properties }] of Object.entries(template.findResources('AWS::S3::Bucket'))) {
        expect(Properties.BucketEncryption, id).toBeDefined()
        expect(Object.values(Properties.PublicAccessBlockConfiguration), id).toEqual([true, true, true, true])
      }
      for (const { Properties } of Object.values(template.findResources('AWS::SNS::Topic'))) {
        expect(Properties.KmsMasterKeyId).toBeDefined()
      }
    }
  })

  it('what holds data is removed as the settings say, and what holds none goes with its stack', () => {
    const policy = settings.removal === 'snapshot' ? 'Snapshot' : 'Delete'
    for (const [, template] of templates) {
      for (const { DeletionPolicy } of Object.values(template.findResources('AWS::RDS::DBCluster'))) {
        expect(DeletionPolicy).toBe(policy)
      }
      for (const { DeletionPolicy } of Object.values(template.findResources('AWS::Logs::LogGroup'))) {
        expect(DeletionPolicy).toBe('Delete')
      }
    }
    const protects = app.node.children.flatMap((child) => (Stack.isStack(child) ? [child.terminationProtection] : []))
    expect(new Set(protects)).toEqual(new Set([settings.deletionProtection]))
  })

  it('what another stack reads can be taken back: no export holds it', () => {
    for (const [name, template] of templates) {
      const { Outputs = {} } = template.toJSON()
      for (const output of Object.values<{ Export?: unknown }>(Outputs)) expect(output.Export, name).toBeUndefined()
      expect(JSON.stringify(template.toJSON())).not.toContain('Fn::ImportValue')
    }
  })

  it('functions and machines are traced as the settings say', () => {
    for (const [, template] of templates) {
      for (const [id, { Properties }] of Object.entries(template.findResources('AWS::Lambda::Function'))) {
        if (!cdksOwn.test(id)) expect(Properties.TracingConfig?.Mode, id).toBe(settings.tracing ? 'Active' : undefined)
      }
      for (const [id, { Properties }] of Object.entries(template.findResources('AWS::StepFunctions::StateMachine'))) {
        if (!cdksOwn.test(id)) expect(Properties.TracingConfiguration?.Enabled ?? false, id).toBe(settings.tracing)
      }
    }
  })
})

import { readFileSync } from 'node:fs'
import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { routes } from '../../functions/routes.ts'
import { readSettings } from '../../infra/settings.ts'
import { templatesOf } from '../support/synthesise.ts'

const operations = templatesOf({ ...readSettings('production'), alarmEmail: 'oncall@example.com' })('Operations')
const alarms = Object.values(operations.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties)
const anchors = [
  ...readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8').matchAll(/^## (.+)$/gm),
].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-'))

describe('every alarm', () => {
  it('says what it means, and where the runbook says what to do', () => {
    expect(alarms.length).toBeGreaterThan(15)
    for (const { AlarmDescription } of alarms) {
      const [, meaning, anchor] = /^(.+\.|.+:.+) docs\/runbook\.md#(.+)$/.exec(AlarmDescription) ?? []
      expect(meaning, AlarmDescription).toBeDefined()
      expect(anchors).toContain(anchor)
    }
  })

  it('is told to the topic, which is encrypted and writes to whom the settings name', () => {
    for (const { AlarmActions, OKActions } of alarms) {
      expect(AlarmActions).toEqual([{ Ref: expect.stringMatching(/^Topic/) }])
      expect(OKActions).toEqual(AlarmActions)
    }
    operations.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() })
    operations.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'oncall@example.com' })
    operations.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true })
  })

  it('is there without anybody to write to as well', () => {
    const quiet = templatesOf(readSettings('dev'))('Operations')
    quiet.resourceCountIs('AWS::SNS::Subscription', 0)
    expect(Object.keys(quiet.findResources('AWS::CloudWatch::Alarm')).length).toBeGreaterThan(15)
  })
})

// With a resource of one's own there are more.
const asItComes = new Set(routes.map((route) => route.function)).size === 5

it.runIf(asItComes)('the alarms cost what docs/deploying.md says: ten cents for each of their metrics', () => {
  const metricsOf = (stage: 'dev' | 'production') =>
    ['Operations', 'Application']
      .flatMap((stack) =>
        Object.values(templatesOf(readSettings(stage))(stack as 'Operations').findResources('AWS::CloudWatch::Alarm')),
      )
      .reduce((sum, { Properties: { Metrics } }) => {
        const own = (Metrics as { MetricStat?: unknown }[] | undefined)?.filter((each) => each.MetricStat !== undefined)
        return sum + (own?.length ?? 1)
      }, 0)
  const page = readFileSync(new URL('../../docs/deploying.md', import.meta.url), 'utf8')
  const [, dev, production] =
    /^\| alarms, by their metrics +\| (\d+) × 0\.10 = [\d.]+ +\| (\d+) × 0\.10/m.exec(page) ?? []
  expect({ dev: Number(dev), production: Number(production) }).toEqual({
    dev: metricsOf('dev'),
    production: metricsOf('production'),
  })
})

it.each([
  ['pinned sessions', 'DatabaseConnectionsCurrentlySessionPinned'],
  ['connections', 'DatabaseConnections'],
  ['capacity', 'ACUUtilization'],
  ['tenants behind', 'TenantsBehind'],
  ['operations that do not end', 'UnfinishedOperations'],
  ['failures of the machine', 'ExecutionsFailed'],
  ['answers of ours that fail', '5xx'],
  ['latency', 'Latency'],
  ['throttled functions', 'Throttles'],
  ['rotations', 'Errors'],
])('there is an alarm on %s', (_, metric) => {
  expect(alarms.filter((alarm) => JSON.stringify(alarm).includes(`"${metric}"`)).length).toBeGreaterThan(0)
})

it('the dashboard shows what callers see, what it costs, and the fleet', () => {
  const [dashboard] = Object.values(operations.findResources('AWS::CloudWatch::Dashboard'))
  const body = JSON.stringify(dashboard?.Properties.DashboardBody)
  for (const shown of [
    ...['"Count', '4xx', '5xx', 'Latency', 'p50', 'p99', 'ColdStarts', 'ConcurrentExecutions', 'Throttles'],
    ...['DatabaseConnections', 'DatabaseConnectionsCurrentlySessionPinned', 'ServerlessDatabaseCapacity'],
    ...['TenantsBehind', 'UnfinishedOperations', 'requests-by-tenant', 'time-by-tenant'],
  ]) {
    expect(body, shown).toContain(shown.replace('"', ''))
  }
})

it('every metric widget says its region, which CloudWatch wants', () => {
  const [dashboard] = Object.values(operations.findResources('AWS::CloudWatch::Dashboard'))
  const text = dashboard?.Properties.DashboardBody['Fn::Join'][1]
    .map((part: unknown) => (typeof part === 'string' ? part : 'a-reference'))
    .join('')
  const { widgets } = JSON.parse(text) as { widgets: { type: string; properties: { region?: string } }[] }
  const metrics = widgets.filter(({ type }) => type === 'metric')
  expect(metrics.length).toBeGreaterThan(12)
  for (const { properties } of metrics) expect(properties.region).toBeDefined()
})

it('a release that was rolled back is told of', () => {
  operations.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: Match.objectLike({
      source: ['aws.codedeploy'],
      detail: Match.objectLike({ state: ['FAILURE', 'STOPPED'] }),
    }),
    Targets: [Match.objectLike({ Arn: { Ref: Match.stringLikeRegexp('^Topic') } })],
  })
})

it("counts tenants by Contributor Insights from the application plane's own log lines", () => {
  const rules = Object.values(operations.findResources('AWS::CloudWatch::InsightRule'))
  expect(rules).toHaveLength(2)
  for (const { Properties } of rules) {
    const body = JSON.stringify(Properties.RuleBody)
    expect(body).toContain('$.tenant')
    for (const folder of ['Products', 'Orders', 'Health', 'Preflight']) expect(body).toContain(`${folder}Logs`)
  }
})

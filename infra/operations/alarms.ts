import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { Watched } from './watched.ts'

interface AlarmProps {
  /** What it means, in a sentence. */
  readonly meaning: string
  /** The heading in docs/runbook.md that says what to do, as a link has it. */
  readonly runbook: string
  readonly metric: cloudwatch.IMetric
  /** It goes off above this. */
  readonly above: number
  /** Periods in a row, of the metric's own length; 1 unless given. */
  readonly periods?: number
  /** Goes off below instead. */
  readonly below?: boolean
}

/** What somebody must look at, each with the place of the runbook that says what to do; told to the topic, as is its end. */
export class Alarms extends Construct {
  readonly all: readonly cloudwatch.Alarm[]

  constructor(scope: Construct, id: string, { watched, topic }: { watched: Watched; topic: ITopic }) {
    super(scope, id)
    const action = new SnsAction(topic)
    const alarm = (name: string, { meaning, runbook, metric, above, periods = 1, below = false }: AlarmProps) => {
      const made = new cloudwatch.Alarm(this, name, {
        alarmDescription: `${meaning} docs/runbook.md#${runbook}`,
        ...{ metric, threshold: above, evaluationPeriods: periods },
        comparisonOperator: below
          ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
          : cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      })
      made.addAlarmAction(action)
      made.addOkAction(action)
      return made
    }
    this.all = [
      ...apiAlarms(alarm, watched),
      ...controlAlarms(alarm, watched),
      ...watched.servers.flatMap((server) => serverAlarms(alarm, server)),
    ]
  }
}

type MakeAlarm = (name: string, props: AlarmProps) => cloudwatch.Alarm

function apiAlarms(
  alarm: MakeAlarm,
  { application, functions, functionErrors, throttles }: Watched,
): cloudwatch.Alarm[] {
  const failed = new cloudwatch.MathExpression({
    ...{ expression: '100 * errors / requests', label: '5xx, percent of requests', period: Duration.minutes(1) },
    usingMetrics: { errors: application.serverErrors, requests: application.requests },
  })
  return [
    alarm('ServerErrors', {
      meaning: "More than 1 % of the tenants' requests are answered with 5xx.",
      ...{ runbook: 'requests-fail', metric: failed, above: 1, periods: 3 },
    }),
    alarm('Latency', {
      meaning: "A hundredth of the tenants' requests takes longer than 3 s.",
      ...{ runbook: 'requests-are-slow', metric: application.p99, above: 3_000, periods: 5 },
    }),
    alarm('Throttles', {
      meaning: 'Functions of the application plane are at their concurrency, and requests are refused.',
      ...{ runbook: 'functions-are-throttled', metric: throttles, above: 0, periods: 3 },
    }),
    ...functions.map(({ name, errors }) =>
      alarm(`${name}Errors`, {
        meaning: `The function ${name} crashes or takes too long, which API Gateway answers with 500.`,
        ...{ runbook: 'a-function-fails', metric: errors, above: functionErrors },
      }),
    ),
  ]
}

function controlAlarms(alarm: MakeAlarm, { control, fleet, rotations }: Watched): cloudwatch.Alarm[] {
  return [
    alarm('Rotations', {
      meaning: 'The password of a login could not be rotated: the old one goes on being good.',
      ...{ runbook: 'a-rotation-fails', metric: rotations, above: 0 },
    }),
    alarm('ControlErrors', {
      meaning: 'The control plane answers with 5xx.',
      ...{ runbook: 'the-control-plane-fails', metric: control.serverErrors, above: 0 },
    }),
    alarm('WorkerFailures', {
      meaning: 'The machine that works on operations has failed; the next one begins within a minute.',
      ...{ runbook: 'operations-do-not-end', metric: fleet.machineFailures, above: 0 },
    }),
    alarm('UnfinishedOperations', {
      meaning: 'There have been operations that have not ended for two hours.',
      ...{ runbook: 'operations-do-not-end', metric: fleet.leastUnfinished, above: 0, periods: 2 },
    }),
    alarm('TenantsBehind', {
      meaning: 'Tenants have been behind the code for an hour, and those that it cannot serve are answered 503.',
      ...{ runbook: 'tenants-are-behind', metric: fleet.leastBehind, above: 0 },
    }),
  ]
}

function serverAlarms(alarm: MakeAlarm, server: Watched['servers'][number]): cloudwatch.Alarm[] {
  const { name } = server
  return [
    alarm(`${name}Connections`, {
      meaning: `More than 80 % of the connections of the server ${name} are in use.`,
      ...{ runbook: 'connections-run-out', metric: server.connections, above: server.maxConnections * 0.8, periods: 3 },
    }),
    alarm(`${name}Load`, {
      meaning: `The server ${name} has worked at its limit for a quarter of an hour.`,
      ...{ runbook: 'a-database-is-at-its-limit', metric: server.load, above: 90, periods: 3 },
    }),
    ...(server.freeStorage === undefined
      ? []
      : [
          alarm(`${name}Storage`, {
            meaning: `The server ${name} has less than 2 GiB of storage left.`,
            ...{ runbook: 'storage-runs-out', metric: server.freeStorage, above: 2 * 1024 ** 3, below: true },
          }),
        ]),
    ...(server.proxy === undefined
      ? []
      : [
          alarm(`${name}Pinned`, {
            meaning: `Sessions of the proxy before ${name} are pinned to one client: something sends what a proxy cannot share.`,
            ...{ runbook: 'sessions-are-pinned', metric: server.proxy.pinned, above: 0, periods: 5 },
          }),
        ]),
  ]
}

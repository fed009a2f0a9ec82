import { Aws, Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { Watched, WatchedApi } from './watched.ts'

export interface StageDashboardProps {
  readonly name: string
  readonly watched: Watched
  readonly alarms: readonly cloudwatch.IAlarm[]
  /** Contributor Insights' rules, by what they show. */
  readonly rules: Readonly<Record<string, string>>
}

const third = { width: 8, height: 6 }

/** One page for a stage: what callers see above, what it costs the servers below, the fleet and its largest tenants last. */
export class StageDashboard extends Construct {
  constructor(scope: Construct, id: string, { name, watched, alarms, rules }: StageDashboardProps) {
    super(scope, id)
    const { functions, fleet, servers, throttles } = watched
    const graph = (title: string, left: readonly cloudwatch.IMetric[], right: readonly cloudwatch.IMetric[] = []) =>
      new cloudwatch.GraphWidget({ ...third, title, left: [...left], right: [...right] })
    const given = (metrics: readonly (cloudwatch.IMetric | undefined)[]) =>
      metrics.filter((metric) => metric !== undefined)

    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: name,
      defaultInterval: Duration.hours(3),
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', width: 24, height: 3, alarms: [...alarms] })],
        [...apiWidgets('Tenants', watched.application, graph), graph('Cold starts', coldStartsOf(watched))],
        [...apiWidgets('Operators', watched.control, graph), graph('Crashes and time-outs', errorsOf(watched))],
        [
          graph(
            'Instances at work',
            functions.map(({ concurrency }) => concurrency),
            [throttles],
          ),
          graph('Migration state', [fleet.behind], [fleet.unfinished]),
          graph('Worker', [fleet.machineFailures]),
        ],
        ...servers.map((server) => [
          graph(
            `${server.name}: connections`,
            [server.connections],
            given([server.proxy?.clients, server.proxy?.pinned]),
          ),
          graph(`${server.name}: capacity`, given([server.capacity, server.load]), [server.freeMemory]),
          graph(`${server.name}: waits and storage`, given([server.proxy?.borrowLatency]), given([server.freeStorage])),
        ]),
        Object.entries(rules).map(([title, rule]) => new InsightWidget(title, rule)),
      ],
    })
  }
}

function apiWidgets(
  who: string,
  { requests, clientErrors, serverErrors, p50, p99 }: WatchedApi,
  graph: (title: string, left: readonly cloudwatch.IMetric[]) => cloudwatch.IWidget,
): cloudwatch.IWidget[] {
  return [
    graph(`${who}: requests and errors`, [requests, clientErrors, serverErrors]),
    graph(`${who}: latency`, [p50, p99]),
  ]
}

const coldStartsOf = ({ functions }: Watched) =>
  functions.flatMap(({ coldStarts }) => (coldStarts === undefined ? [] : [coldStarts]))
const errorsOf = ({ functions }: Watched) => functions.map(({ errors }) => errors)

/** A rule of Contributor Insights, which CDK has no widget for (CloudWatch, dashboard body structure). */
class InsightWidget extends cloudwatch.ConcreteWidget {
  readonly #title: string
  readonly #rule: string

  constructor(title: string, rule: string) {
    super(12, 6)
    this.#title = title
    this.#rule = rule
  }

  override toJson(): object[] {
    const insightRule = { maxContributorCount: 10, orderBy: 'Sum', ruleName: this.#rule }
    const properties = {
      // PutDashboard wants a region of every metric widget.
      region: Aws.REGION,
      period: 300,
      insightRule,
      legend: { position: 'right' },
      title: this.#title,
      view: 'timeSeries',
    }
    return [{ type: 'metric', width: this.width, height: this.height, x: this.x, y: this.y, properties }]
  }
}

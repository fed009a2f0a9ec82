import { Duration } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { controlRoutes } from '../../functions/control-routes.ts'
import { routes } from '../../functions/routes.ts'
import { type MetricName, metricNamespace } from '../../shared/metrics.ts'
import { nameOf } from '../constructs/name-of.ts'
import type { Settings } from '../settings.ts'
import type { ApplicationStack } from '../stacks/application-stack.ts'
import type { ControlStack } from '../stacks/control-stack.ts'
import type { DatabaseStack } from '../stacks/database-stack.ts'

export interface WatchedApi {
  readonly requests: cloudwatch.IMetric
  readonly clientErrors: cloudwatch.IMetric
  readonly serverErrors: cloudwatch.IMetric
  readonly p50: cloudwatch.IMetric
  readonly p99: cloudwatch.IMetric
}

interface WatchedFunction {
  readonly name: string
  readonly errors: cloudwatch.IMetric
  /** Of those that serve routes: their log lines tell. */
  readonly coldStarts: cloudwatch.IMetric | undefined
  readonly concurrency: cloudwatch.IMetric
}

interface WatchedServer {
  readonly name: string
  readonly maxConnections: number
  readonly connections: cloudwatch.IMetric
  /** Percent: of the largest capacity, or of an instance's processor. */
  readonly load: cloudwatch.IMetric
  readonly capacity: cloudwatch.IMetric | undefined
  readonly freeMemory: cloudwatch.IMetric
  /** Bytes; Aurora's grows by itself. */
  readonly freeStorage: cloudwatch.IMetric | undefined
  readonly proxy:
    | {
        readonly pinned: cloudwatch.IMetric
        readonly clients: cloudwatch.IMetric
        readonly borrowLatency: cloudwatch.IMetric
      }
    | undefined
}

/** Every measurement of a stage that is shown or that an alarm goes by. */
export interface Watched {
  readonly application: WatchedApi
  readonly control: WatchedApi
  readonly functions: readonly WatchedFunction[]
  /** Errors a minute of one function that are borne. */
  readonly functionErrors: number
  readonly throttles: cloudwatch.IMetric
  readonly rotations: cloudwatch.IMetric
  readonly fleet: {
    readonly behind: cloudwatch.IMetric
    readonly unfinished: cloudwatch.IMetric
    /** The least of an hour: what did not go by itself. */
    readonly leastBehind: cloudwatch.IMetric
    readonly leastUnfinished: cloudwatch.IMetric
    readonly machineFailures: cloudwatch.IMetric
  }
  readonly servers: readonly WatchedServer[]
}

const minute = { period: Duration.minutes(1) }

export function watch(
  settings: Settings,
  stacks: {
    readonly application: ApplicationStack
    readonly control: ControlStack
    readonly database: DatabaseStack
    readonly courier: IFunction
  },
): Watched {
  const { application, control, database, courier } = stacks
  const own = [...application.functions].map(([folder, made]): [string, IFunction] => [nameOf(folder), made.function])
  const fleet = (metricName: MetricName, statistic: string, period = minute.period) =>
    new cloudwatch.Metric({
      ...{ namespace: metricNamespace, metricName, statistic, period },
      dimensionsMap: { Stage: settings.stage },
    })
  return {
    application: watchApi(application.api),
    control: watchApi(control.api),
    functions: [...own, ...control.functions, ['Courier', courier] as const].map(([name, each]) =>
      watchFunction(name, each),
    ),
    functionErrors: 5,
    throttles: new cloudwatch.MathExpression({
      ...{ expression: 'SUM(METRICS())', label: 'throttled invocations', ...minute },
      usingMetrics: Object.fromEntries(
        own.map(([, each], at) => [`m${at}`, each.metricThrottles({ ...minute, statistic: cloudwatch.Stats.SUM })]),
      ),
    }),
    rotations: new cloudwatch.MathExpression({
      ...{ expression: 'SUM(METRICS())', label: 'failed rotations', period: Duration.hours(1) },
      usingMetrics: Object.fromEntries(
        // An alarm takes ten metrics.
        database.rotationFunctions.slice(0, 9).map((FunctionName, at) => [
          `m${at}`,
          new cloudwatch.Metric({
            ...{ namespace: 'AWS/Lambda', metricName: 'Errors', statistic: cloudwatch.Stats.SUM },
            ...{ period: Duration.hours(1), dimensionsMap: { FunctionName } },
          }),
        ]),
      ),
    }),
    fleet: {
      behind: fleet('TenantsBehind', cloudwatch.Stats.MAXIMUM),
      unfinished: fleet('UnfinishedOperations', cloudwatch.Stats.MAXIMUM),
      leastBehind: fleet('TenantsBehind', cloudwatch.Stats.MINIMUM, Duration.hours(1)),
      leastUnfinished: fleet('UnfinishedOperations', cloudwatch.Stats.MINIMUM, Duration.hours(1)),
      machineFailures: control.machine.metricFailed({ period: Duration.minutes(5), statistic: cloudwatch.Stats.SUM }),
    },
    servers: Object.keys(settings.servers).map((name) => watchServer(name, settings, database)),
  }
}

const routed = new Set([...routes, ...controlRoutes].map((route) => nameOf(route.function)))

function watchApi(api: HttpApi): WatchedApi {
  const sum = { ...minute, statistic: cloudwatch.Stats.SUM }
  return {
    requests: api.metricCount(sum),
    clientErrors: api.metricClientError(sum),
    serverErrors: api.metricServerError(sum),
    p50: api.metricLatency({ ...minute, statistic: 'p50', label: 'p50' }),
    p99: api.metricLatency({ ...minute, statistic: 'p99', label: 'p99' }),
  }
}

function watchFunction(name: string, each: IFunction): WatchedFunction {
  return {
    name,
    errors: each.metricErrors({ ...minute, statistic: cloudwatch.Stats.SUM, label: name }),
    coldStarts: routed.has(name)
      ? new cloudwatch.Metric({
          ...{ ...minute, namespace: metricNamespace, metricName: 'ColdStarts' satisfies MetricName, label: name },
          ...{ statistic: cloudwatch.Stats.SUM, dimensionsMap: { FunctionName: each.functionName } },
        })
      : undefined,
    concurrency: each.metric('ConcurrentExecutions', { ...minute, statistic: cloudwatch.Stats.MAXIMUM, label: name }),
  }
}

function watchServer(name: string, settings: Settings, { servers, proxies }: DatabaseStack): WatchedServer {
  const made = servers.get(name)?.made
  const server = settings.servers[name]
  if (made === undefined || server === undefined) throw new RangeError(`there is no server "${name}"`)
  const fiveMinutes = { period: Duration.minutes(5) }
  const metric = (metricName: string, options: cloudwatch.MetricOptions = {}): cloudwatch.Metric =>
    made.metric(metricName, { ...fiveMinutes, ...options })
  const isAurora = server.kind === 'aurora'
  const proxy = proxies.get(name)
  const ofProxy = (metricName: string, statistic: string) =>
    new cloudwatch.Metric({
      ...{ ...minute, namespace: 'AWS/RDS', metricName, statistic },
      dimensionsMap: { ProxyName: proxy?.proxyName ?? '' },
    })
  return {
    name: nameOf(name),
    maxConnections: server.maxConnections,
    connections: metric('DatabaseConnections', { ...minute, statistic: cloudwatch.Stats.MAXIMUM }),
    load: metric(isAurora ? 'ACUUtilization' : 'CPUUtilization'),
    capacity: isAurora ? metric('ServerlessDatabaseCapacity') : undefined,
    freeMemory: metric('FreeableMemory'),
    freeStorage: isAurora ? undefined : metric('FreeStorageSpace', { statistic: cloudwatch.Stats.MINIMUM }),
    proxy:
      proxy === undefined
        ? undefined
        : {
            pinned: ofProxy('DatabaseConnectionsCurrentlySessionPinned', cloudwatch.Stats.MAXIMUM),
            clients: ofProxy('ClientConnections', cloudwatch.Stats.MAXIMUM),
            borrowLatency: ofProxy('DatabaseConnectionsBorrowLatency', cloudwatch.Stats.AVERAGE),
          },
  }
}

/** A number for CloudWatch: its name, unit and value, and the dimensions that it is kept by, each list a metric of its own. */
export interface Metric {
  readonly name: MetricName
  readonly unit: 'Count' | 'Milliseconds'
  readonly value: number
  readonly dimensions: readonly (readonly MetricDimension[])[]
}

/** The metrics that are Atrium's own; infra's alarms and dashboard name them. */
export type MetricName = 'ServerErrors' | 'ColdStarts' | 'TenantsBehind' | 'UnfinishedOperations'
export type MetricDimension = 'Stage' | 'FunctionName' | 'FunctionVersion'

export const metricNamespace = 'Atrium'

/**
 * The members that make a line of the log a measurement as well (CloudWatch's embedded metric format: no call is made, nothing
 * is waited for); none when there is nothing to measure, or nobody who reads the log so.
 */
export function embedMetrics(
  metrics: readonly Metric[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, unknown>> {
  // Before the environment is read, which asks the system for each.
  if (metrics.length === 0) return {}
  const { AWS_LAMBDA_FUNCTION_NAME, AWS_LAMBDA_FUNCTION_VERSION, ATRIUM_STAGE } = environment
  if (AWS_LAMBDA_FUNCTION_NAME === undefined) return {}
  return {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: metrics.map(({ name, unit, dimensions }) => ({
        Namespace: metricNamespace,
        Dimensions: dimensions,
        Metrics: [{ Name: name, Unit: unit }],
      })),
    },
    Stage: ATRIUM_STAGE,
    FunctionName: AWS_LAMBDA_FUNCTION_NAME,
    FunctionVersion: AWS_LAMBDA_FUNCTION_VERSION,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  }
}

import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { metricNamespace } from '../../shared/metrics.ts'
import type { Settings } from '../settings.ts'
import { acknowledge } from './acknowledge.ts'

export interface CanaryReleaseProps {
  readonly function: lambda.Function
  readonly application: codedeploy.ILambdaApplication
  readonly canary: NonNullable<Settings['canary']>
}

const configurations = {
  5: codedeploy.LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  15: codedeploy.LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES,
} as const

/** The share of a new version's answers, in percent, that may be our fault before traffic goes back to the old one. */
const tolerated = 1
/** Failures a minute that are borne, whatever their share. */
const fewest = 3

/**
 * The name that callers use for a function, `live`, which CodeDeploy moves to a new version: a part of the traffic first, then
 * all of it, and back again when the new version fails. What a version answers with 5xx counts, and what it throws.
 */
export class CanaryRelease extends Construct {
  readonly alias: lambda.Alias

  constructor(scope: Construct, id: string, { function: released, application, canary }: CanaryReleaseProps) {
    super(scope, id)
    const { currentVersion } = released
    this.alias = new lambda.Alias(this, 'Live', { aliasName: 'live', version: currentVersion })

    const FunctionName = released.functionName
    const minute = { period: Duration.minutes(1), statistic: cloudwatch.Stats.SUM }
    // Lambda keeps these by version while an alias leads to two of them (developer guide, metric types).
    const ofVersion = (metricName: string) =>
      new cloudwatch.Metric({
        ...{ ...minute, namespace: 'AWS/Lambda', metricName },
        dimensionsMap: { FunctionName, Resource: `${FunctionName}:live`, ExecutedVersion: currentVersion.version },
      })
    const answered = new cloudwatch.Metric({
      ...{ ...minute, namespace: metricNamespace, metricName: 'ServerErrors' },
      dimensionsMap: { FunctionName, FunctionVersion: currentVersion.version },
    })
    const failures = new cloudwatch.MathExpression({
      // A few are no share of anything.
      expression: `IF(FILL(thrown, 0) + FILL(answered, 0) > ${fewest}, 100 * (FILL(thrown, 0) + FILL(answered, 0)) / invocations, 0)`,
      label: 'failed answers of the new version, percent',
      usingMetrics: { thrown: ofVersion('Errors'), answered, invocations: ofVersion('Invocations') },
      period: minute.period,
    })
    const alarm = new cloudwatch.Alarm(this, 'Failing', {
      alarmDescription: `More than ${tolerated} % of a new version's answers fail: CodeDeploy goes back by itself. docs/runbook.md#a-release-was-rolled-back`,
      metric: failures,
      threshold: tolerated,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    })
    const group = new codedeploy.LambdaDeploymentGroup(this, 'Deployment', {
      ...{ application, alias: this.alias, alarms: [alarm] },
      deploymentConfig: configurations[canary.minutes],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
    })
    acknowledge(
      group,
      'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]',
      "CodeDeploy's own policy for Lambda, the smaller of the two: it moves aliases and reads alarms.",
    )
  }
}

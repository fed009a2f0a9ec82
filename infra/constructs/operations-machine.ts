import { type CfnElement, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as sfn from 'aws-cdk-lib/aws-stepfunctions'
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks'
import { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import { acknowledge } from './acknowledge.ts'

/** What Lambda answers when every reserved instance is at work. */
const busy = 'Lambda.TooManyRequestsException'
/** What the worker answers when there is nothing left to do: `SliceOutcome` in shared/control/run-operations.ts. */
const idle = 'idle'

/**
 * Works on operations: invokes the worker, a slice of at most 15 minutes at a time, until it finds nothing to do. Begun
 * whenever an operation is recorded, and once a minute for what is due by itself; several at once share the work.
 */
export class OperationsMachine extends Construct {
  readonly machine: sfn.StateMachine

  constructor(scope: Construct, id: string, { worker, settings }: { worker: IFunction; settings: Settings }) {
    super(scope, id)
    const slice = new LambdaInvoke(this, 'Slice', { lambdaFunction: worker, payloadResponseOnly: true })
    // Whatever befell the worker, its lease runs out and the next slice goes on.
    slice.addRetry({ errors: [busy], maxAttempts: 0 })
    slice.addRetry({ errors: [sfn.Errors.ALL], interval: Duration.seconds(5), maxAttempts: 5, backoffRate: 2 })
    const done = new sfn.Succeed(this, 'Idle')
    // As many workers as may be are at work: they go on by themselves.
    slice.addCatch(done, { errors: [busy] })
    const again = new sfn.Choice(this, 'Again')
      .when(sfn.Condition.stringEquals('$.outcome', idle), done)
      .otherwise(slice)
    this.machine = new sfn.StateMachine(this, 'Machine', {
      comment: 'Works on the operations of the control plane',
      definitionBody: sfn.DefinitionBody.fromChainable(slice.next(again)),
      tracingEnabled: settings.tracing,
      logs: {
        level: sfn.LogLevel.ALL,
        includeExecutionData: false,
        destination: new logs.LogGroup(this, 'Logs', {
          logGroupName: `/aws/vendedlogs/states/atrium-${settings.stage}`,
          retention: settings.logRetentionDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    })
    const name = Stack.of(this).getLogicalId(worker.node.defaultChild as CfnElement)
    acknowledge(
      this,
      `IAM5[Resource::<${name}.Arn>:*]`,
      "The versions of the one function that it invokes: CDK's own grant.",
    )
    acknowledge(
      this,
      'IAM5[Resource::*]',
      "Vended logs and X-Ray take no resource (Step Functions developer guide): CDK's own grants.",
    )
    if (!settings.tracing) acknowledge(this, 'SF2', 'X-Ray is a setting, and off in a thrifty stage.')
    new Rule(this, 'EveryMinute', {
      description: 'Purges, sweeps and keys that are due, and operations whose start was missed',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new SfnStateMachine(this.machine)],
    })
  }
}

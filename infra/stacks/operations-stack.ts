import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import type { ILambdaApplication } from 'aws-cdk-lib/aws-codedeploy'
import { Rule } from 'aws-cdk-lib/aws-events'
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import * as sns from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'
import { Alarms } from '../operations/alarms.ts'
import { StageDashboard } from '../operations/dashboard.ts'
import { TenantInsights } from '../operations/tenant-insights.ts'
import { watch } from '../operations/watched.ts'
import type { Settings } from '../settings.ts'
import type { ApplicationStack } from './application-stack.ts'
import type { ControlStack } from './control-stack.ts'
import type { DatabaseStack } from './database-stack.ts'

export interface OperationsStackProps extends StackProps {
  readonly settings: Settings
  readonly database: DatabaseStack
  readonly control: ControlStack
  readonly application: ApplicationStack
  readonly courier: IFunction
}

/** What is seen of a stage from outside: a dashboard, alarms, and who is told of them. */
export class OperationsStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { settings, database, control, application, courier, ...props }: OperationsStackProps,
  ) {
    super(scope, id, props)
    const watched = watch(settings, { application, control, database, courier })
    const topic = createTopic(this, settings)
    const { all } = new Alarms(this, 'Alarms', { watched, topic })
    if (application.releases !== undefined) tellOfRollbacks(this, application.releases, topic)
    const { rules } = new TenantInsights(this, 'TenantInsights', {
      stage: settings.stage,
      logs: [...application.functions.values()].map(({ logs }) => logs),
    })
    new StageDashboard(this, 'Dashboard', { name: `Atrium-${settings.stage}`, watched, alarms: all, rules })
  }
}

/** CodeDeploy goes back by itself; somebody should know, since the deployment that did it has failed. */
function tellOfRollbacks(stack: Stack, releases: ILambdaApplication, topic: sns.Topic): void {
  new Rule(stack, 'Rollbacks', {
    description: 'Releases that were rolled back. docs/runbook.md#a-release-was-rolled-back',
    eventPattern: {
      source: ['aws.codedeploy'],
      detailType: ['CodeDeploy Deployment State-change Notification'],
      detail: { application: [releases.applicationName], state: ['FAILURE', 'STOPPED'] },
    },
    targets: [new SnsTopic(topic)],
  })
}

function createTopic(stack: Stack, { alarmEmail }: Settings): sns.Topic {
  const key = new kms.Key(stack, 'Key', {
    description: 'Encrypts what alarms say on its way',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  // CloudWatch publishes to an encrypted topic with a key of the customer's alone (SNS developer guide, key management).
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: ['cloudwatch', 'events'].map((name) => new iam.ServicePrincipal(`${name}.amazonaws.com`)),
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
    }),
  )
  const topic = new sns.Topic(stack, 'Topic', { displayName: 'Atrium', masterKey: key, enforceSSL: true })
  topic.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
    }),
  )
  if (alarmEmail !== null) topic.addSubscription(new EmailSubscription(alarmEmail))
  return topic
}

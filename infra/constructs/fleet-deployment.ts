import { type CfnElement, CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Provider } from 'aws-cdk-lib/custom-resources'
import { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import { acknowledge } from './acknowledge.ts'

export interface FleetDeploymentProps {
  readonly begin: IFunction
  readonly isComplete: IFunction
  /** Changes whenever the fleet is to be brought to something. */
  readonly state: Readonly<Record<string, string>>
  readonly settings: Settings
}

/**
 * The part of a deployment that comes before new code takes traffic: the catalog's placement is made, then the fleet
 * migrated, for up to an hour. Fails, and the deployment with it, only when the failure threshold stopped the run.
 */
export class FleetDeployment extends Construct {
  constructor(scope: Construct, id: string, { begin, isComplete, state, settings }: FleetDeploymentProps) {
    super(scope, id)
    const provider = new Provider(this, 'Provider', {
      onEventHandler: begin,
      isCompleteHandler: isComplete,
      queryInterval: Duration.seconds(15),
      totalTimeout: Duration.hours(1),
      logGroup: new logs.LogGroup(this, 'Logs', {
        retention: settings.logRetentionDays,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    })
    new CustomResource(this, 'Resource', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::AtriumFleet',
      properties: { ...state },
    })
    const reason = "CDK's own provider, which runs at deployments alone and invokes the two functions that are named."
    const invoked = [
      ...[begin, isComplete],
      ...['framework-isComplete', 'framework-onTimeout'].map((name) => provider.node.findChild(name)),
    ].map(({ node }) => Stack.of(this).getLogicalId(node.defaultChild as CfnElement))
    for (const finding of [
      ...invoked.map((name) => `IAM5[Resource::<${name}.Arn>:*]`),
      'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      ...['L1', 'SF1', 'SF2', 'IAM5[Resource::*]'],
    ]) {
      acknowledge(this, finding, reason)
    }
  }
}

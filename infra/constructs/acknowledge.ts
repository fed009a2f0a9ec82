import { Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/**
 * Says why a finding of cdk-nag (`IAM5[Resource::*]`, a rule of its AwsSolutions pack) is as it should be for a construct and
 * what belongs to it.
 */
export function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason })
}

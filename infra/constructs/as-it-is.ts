import { type ISecurityGroup, SecurityGroup } from 'aws-cdk-lib/aws-ec2'
import type { Construct } from 'constructs'

/**
 * A security group whose rules stand where it was made, and are all that there are: CDK's constructs would add theirs, with
 * ports that only a stack behind it knows.
 */
export function asItIs(scope: Construct, id: string, { securityGroupId }: ISecurityGroup): ISecurityGroup {
  return SecurityGroup.fromSecurityGroupId(scope, id, securityGroupId, { mutable: false })
}

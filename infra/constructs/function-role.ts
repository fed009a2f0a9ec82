import { type CfnElement, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'

/**
 * A function's own role, with what it needs to run and nothing else: its own log group by name, and in the VPC the network
 * interfaces that Lambda makes in its name.
 */
export function createFunctionRole(
  scope: Construct,
  options: { readonly logs: ILogGroup; readonly inVpc: boolean; readonly tracing: boolean },
): iam.Role {
  const role = new iam.Role(scope, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') })
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [options.logs.logGroupArn],
    }),
  )
  if (options.inVpc) {
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DeleteNetworkInterface'],
        resources: ['*'],
      }),
    )
  }
  const unnamed = [
    ...(options.inVpc
      ? ['Lambda makes and removes the network interfaces of a function in the VPC by its role, before any has a name.']
      : []),
    ...(options.tracing ? ['X-Ray takes no resource for what it is sent (service authorization reference).'] : []),
  ]
  if (unnamed.length > 0) acknowledge(role, 'IAM5[Resource::*]', unnamed.join(' '))
  return role
}

/** Lets one function invoke another, by its exact name. */
export function allowInvoke(caller: IFunction, callee: IFunction): void {
  caller.addToRolePolicy(
    new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [callee.functionArn] }),
  )
}

/** The same for one that is made later, by a name that is known before. */
export function allowInvokeByName(caller: IFunction, functionName: string): void {
  const arn = Stack.of(caller).formatArn({ service: 'lambda', resource: `function:${functionName}` })
  caller.addToRolePolicy(new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [arn] }))
}

/** Lets a function, and so the URLs that it signs, do one thing with the files of a folder. */
export function allowFiles(
  caller: IFunction,
  bucket: IBucket,
  action: 's3:PutObject' | 's3:GetObject',
  folder: 'imports' | 'exports',
): void {
  caller.addToRolePolicy(
    new iam.PolicyStatement({ actions: [action], resources: [bucket.arnForObjects(`${folder}/*`)] }),
  )
  if (action === 's3:GetObject') {
    // Without it S3 does not say that a file is not there, only that it may not be read.
    caller.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': `${folder}/*` } },
      }),
    )
  }
  const name = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnElement)
  acknowledge(
    // The role is the function's sibling, not its child.
    caller.role ?? caller,
    `IAM5[Resource::<${name}.Arn>/${folder}/*]`,
    'The files of a folder are named by their operations.',
  )
}

import { Aws, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import type { GitHubSettings } from '../settings-schema.ts'
import { smokeTestRole } from '../smoke-test-role.ts'

export interface GitHubStackProps extends StackProps {
  readonly github: GitHubSettings
}

/**
 * For those who deploy from GitHub Actions (.github/workflows/ci.yml): a role that one environment of one repository may take
 * on by a token of GitHub's, so that no key is stored there. It can deploy whatever is deployed to its account: where production waits for an
 * approval, production has an account of its own.
 */
export class GitHubStack extends Stack {
  constructor(scope: Construct, id: string, { github, ...props }: GitHubStackProps) {
    super(scope, id, props)
    const { repository, environment } = github
    const provider = new iam.OidcProviderNative(this, 'Provider', {
      url: 'https://token.actions.githubusercontent.com',
      clientIds: ['sts.amazonaws.com'],
    })
    const role = new iam.Role(this, 'Deploy', {
      roleName: `atrium-github-${environment}`,
      maxSessionDuration: Duration.hours(2),
      assumedBy: new iam.WebIdentityPrincipal(provider.oidcProviderArn, {
        StringEquals: {
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
          // Only jobs of this environment, which the repository protects with reviewers and branches.
          'token.actions.githubusercontent.com:sub': `repo:${repository}:environment:${environment}`,
        },
      }),
    })
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['sts:AssumeRole'],
        resources: [`arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${smokeTestRole(environment)}`],
      }),
    )
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['sts:AssumeRole'],
        resources: ['deploy', 'file-publishing', 'lookup'].map(
          (part) =>
            `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/cdk-hnb659fds-${part}-role-${Aws.ACCOUNT_ID}-${Aws.REGION}`,
        ),
      }),
    )
    new CfnOutput(this, 'RoleArn', { value: role.roleArn, description: 'AWS_ROLE of the repository on GitHub' })
  }
}

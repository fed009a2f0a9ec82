import { Stack } from 'aws-cdk-lib'
import { CfnInsightRule } from 'aws-cdk-lib/aws-cloudwatch'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'

export interface TenantInsightsProps {
  readonly stage: string
  /** Of the functions that serve tenants: a line of each request is in them. */
  readonly logs: readonly ILogGroup[]
}

/** Which tenants ask the most, and whose requests take the most time, counted by Contributor Insights from the functions' own log. */
export class TenantInsights extends Construct {
  /** The rules' names, by what they show. */
  readonly rules: Readonly<Record<string, string>>

  constructor(scope: Construct, id: string, { stage, logs }: TenantInsightsProps) {
    super(scope, id)
    const rule = (name: string, sum?: string) => {
      const ruleName = `atrium-${stage}-${name}`
      new CfnInsightRule(this, name, {
        ruleName,
        ruleState: 'ENABLED',
        ruleBody: Stack.of(this).toJsonString({
          Schema: { Name: 'CloudWatchLogRule', Version: 1 },
          LogFormat: 'JSON',
          LogGroupNames: logs.map(({ logGroupName }) => logGroupName),
          Contribution: {
            Keys: ['$.tenant'],
            Filters: [
              { Match: '$.message', In: ['request'] },
              { Match: '$.tenant', IsPresent: true },
            ],
            ...(sum === undefined ? {} : { ValueOf: sum }),
          },
          AggregateOn: sum === undefined ? 'Count' : 'Sum',
        }),
      })
      return ruleName
    }
    this.rules = {
      'Tenants by requests': rule('requests-by-tenant'),
      'Tenants by time': rule('time-by-tenant', '$.durationMs'),
    }
  }
}

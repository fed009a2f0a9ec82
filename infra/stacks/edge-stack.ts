import { Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { acknowledge } from '../constructs/acknowledge.ts'
import { Courier } from '../constructs/courier.ts'
import { VanityDistribution } from '../constructs/vanity-distribution.ts'
import type { Settings } from '../settings.ts'
import type { ApplicationStack } from './application-stack.ts'
import type { DatabaseStack } from './database-stack.ts'

export interface EdgeStackProps extends StackProps {
  readonly settings: Settings
  readonly database: DatabaseStack
  readonly application: ApplicationStack
}

/** What stands between the internet and the VPC: the courier, and by a setting the distribution of the tenants' own names. */
export class EdgeStack extends Stack {
  readonly courier: Courier

  constructor(scope: Construct, id: string, { settings, database, application, ...props }: EdgeStackProps) {
    super(scope, id, props)
    const { vanityDomains, domains, stage } = settings
    const { distribution: wanted } = vanityDomains
    const distribution =
      wanted === null || domains === undefined || database.originSecret === undefined
        ? undefined
        : new VanityDistribution(this, 'Vanity', {
            ...{ stage, origin: `origin.${domains.base}`, secret: database.originSecret },
            ...{ certificateArn: wanted.certificateArn, webAclArn: wanted.webAclArn },
            secretVersion: wanted.originSecretVersion,
          })
    if (distribution !== undefined) acknowledgeDistribution(distribution, wanted?.webAclArn !== undefined)
    this.courier = new Courier(this, 'Courier', {
      settings,
      hasDistribution: distribution !== undefined,
      variables: {
        DNS_RESOLVERS: vanityDomains.resolvers.join(),
        APPLICATION_API: application.api.apiId,
        ...(distribution === undefined
          ? {}
          : {
              DISTRIBUTION: distribution.id,
              CONNECTION_GROUP: distribution.connectionGroup,
              ROUTING_ENDPOINT: distribution.routingEndpoint,
            }),
      },
    })
  }
}

function acknowledgeDistribution(distribution: VanityDistribution, hasWebAcl: boolean): void {
  acknowledge(distribution, 'CFR1', 'Where tenants have their customers is theirs to say.')
  if (!hasWebAcl) acknowledge(distribution, 'CFR2', 'A web ACL is a setting: webAclArn.')
  acknowledge(distribution, 'CFR3', "Each request is in the API's own access log, with the name that was called.")
}

import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { acknowledge } from '../constructs/acknowledge.ts'
import { DatabaseServer } from '../constructs/database-server.ts'
import { nameOf } from '../constructs/name-of.ts'
import { ServerProxy } from '../constructs/server-proxy.ts'
import type { Settings } from '../settings.ts'
import type { NetworkStack } from './network-stack.ts'

export interface DatabaseStackProps extends StackProps {
  readonly settings: Settings
  readonly network: NetworkStack
}

/** The PostgreSQL servers, and for each placement the secrets of both planes' logins. */
export class DatabaseStack extends Stack {
  /** The secrets of each plane's logins, one a placement. Functions find them by their names. */
  readonly loginSecrets: Readonly<Record<'api' | 'control', readonly secretsmanager.Secret[]>>

  /** The servers by their names; the secrets of their master users are for the bootstrap function alone. */
  readonly servers: ReadonlyMap<string, DatabaseServer>

  /** What the distribution of the tenants' own names is known by; where the settings make one. */
  readonly originSecret: secretsmanager.Secret | undefined

  /** The functions that rotate the logins' passwords, by name. */
  readonly rotationFunctions: readonly string[]

  /** The proxies by their servers' names, and where the application plane reaches each placement through one. */
  readonly proxies: ReadonlyMap<string, ServerProxy>
  readonly proxyHosts: Readonly<Record<string, string>>

  constructor(scope: Construct, id: string, { settings, network, ...props }: DatabaseStackProps) {
    super(scope, id, props)

    this.servers = new Map(
      Object.entries(settings.servers).map(([name, server]) => [
        name,
        new DatabaseServer(this, `${nameOf(name)}Server`, { name, server, settings, network }),
      ]),
    )
    const secretsOf = (login: 'api' | 'control', plane: string) =>
      settings.placements.map(({ name, database, server }, index) => {
        const { endpoint, masterSecret } = this.server(server)
        // The first one's construct has no placement in its name, so that naming others moves nothing.
        return new secretsmanager.Secret(this, `${index === 0 ? '' : nameOf(name)}${nameOf(login)}Login`, {
          secretName: `atrium/${settings.stage}/${name}/${login}`,
          description: `The ${plane} plane's login to the placement ${name}`,
          generateSecretString: {
            secretStringTemplate: this.toJsonString({
              engine: 'postgres',
              host: endpoint.hostname,
              port: endpoint.port,
              dbname: database,
              username: `${database}_${login}`,
              // Whom the rotation, and the bootstrap function, act as.
              masterarn: masterSecret.secretArn,
            }),
            generateStringKey: 'password',
            passwordLength: 40,
            excludePunctuation: true,
          },
        })
      })
    this.loginSecrets = { api: secretsOf('api', 'application'), control: secretsOf('control', 'control') }
    const rotationFunctions: string[] = []
    this.rotationFunctions = rotationFunctions
    settings.placements.forEach(({ name, server }, at) => {
      for (const login of ['api', 'control'] as const) {
        const secret = this.loginSecrets[login][at]
        if (secret === undefined) continue
        const functionName = rotationFunction(settings, name, login)
        rotationFunctions.push(functionName)
        rotate(secret, functionName, this.server(server), settings, network)
      }
    })

    const { proxy } = settings
    this.proxies = new Map(
      proxy === null
        ? []
        : [...this.servers].map(([name, server]) => {
            const secrets = this.loginSecrets.api.filter((_, at) => settings.placements[at]?.server === name)
            const { connectionPercent } = proxy
            const props = { name, server, secrets, connectionPercent, settings, network }
            return [name, new ServerProxy(this, `${nameOf(name)}Proxy`, props)]
          }),
    )
    this.proxyHosts = Object.fromEntries(
      settings.placements.flatMap(({ name, server }) => {
        const host = this.proxies.get(server)?.endpoint
        return host === undefined ? [] : [[name, host]]
      }),
    )
    this.originSecret =
      settings.vanityDomains.distribution === null
        ? undefined
        : new secretsmanager.Secret(this, 'OriginSecret', {
            secretName: `atrium/${settings.stage}/origin`,
            description: "What the distribution of the tenants' own names is known by: current, and the one before",
            generateSecretString: {
              secretStringTemplate: this.toJsonString({ previous: '' }),
              ...{ generateStringKey: 'current', passwordLength: 40, excludePunctuation: true },
            },
          })
    if (this.originSecret !== undefined) {
      acknowledge(
        this.originSecret,
        'SMG4',
        'It is changed in two steps, by hand: a distribution takes minutes to send the next one (docs/domains.md).',
      )
    }
    acknowledgeServers(this, settings)
  }

  private server(name: string): DatabaseServer {
    const server = this.servers.get(name)
    if (server === undefined) throw new RangeError(`there is no server "${name}"`)
    return server
  }
}

/**
 * Letters and digits are enough for 40 of them, and need no quoting anywhere; an underscore stays, since the rotation wants a
 * character of each kind.
 */
const notInPasswords = '!"#$%&\'()*+,-./:;<=>?@[\\]^`{|}~'

/** At most 64 characters, however the placement is called. */
function rotationFunction({ stage }: Settings, placement: string, login: string): string {
  return `rotate-${stage.slice(0, 4)}-${placement}-${login}`
}

function rotate(
  secret: secretsmanager.Secret,
  functionName: string,
  { masterSecret }: DatabaseServer,
  settings: Settings,
  network: NetworkStack,
): void {
  // Made here, since what makes the function would let its lines stay for ever.
  new logs.LogGroup(secret, 'RotationLogs', {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: settings.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  secret.addRotationSchedule('Rotation', {
    hostedRotation: secretsmanager.HostedRotation.postgreSqlMultiUser({
      functionName,
      ...{ masterSecret, vpc: network.vpc, securityGroups: [network.rotation], excludeCharacters: notInPasswords },
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    }),
    automaticallyAfter: Duration.days(settings.rotationDays),
    // At the first deployment the logins are not there yet, and no update of the stack is a reason to rotate.
    rotateImmediatelyOnUpdate: false,
  })
}

function acknowledgeServers(stack: Stack, { servers, deletionProtection }: Settings): void {
  acknowledge(stack, 'RDS11', 'Its security group admits functions alone, whatever the port is called.')
  acknowledge(
    stack,
    'RDS6',
    'Functions keep their connections; their logins are rotated, and a token of IAM would be asked for anew at each connection.',
  )
  acknowledge(
    stack,
    'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    logRetention,
  )
  acknowledge(stack, 'IAM5[Resource::*]', logRetention)
  if (!deletionProtection) acknowledge(stack, 'RDS10', 'A stage that is made and removed at will.')
  if (Object.values(servers).some((server) => server.kind === 'instance' && !server.multiAz)) {
    acknowledge(stack, 'RDS3', 'A thrifty stage: what it stands for is one setting away.')
  }
}

const logRetention = "CDK's own function, which sets how long RDS's logs are kept."

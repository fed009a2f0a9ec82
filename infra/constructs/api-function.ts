import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { EnvironmentVariable } from '../../shared/environment.ts'
import { type BundledFiles, migrationFiles } from '../bundling/bundled-files.ts'
import type { Settings } from '../settings.ts'
import type { DatabaseStack } from '../stacks/database-stack.ts'
import type { NetworkStack } from '../stacks/network-stack.ts'
import { bundledCode, noteEntry } from './bundling.ts'
import { createFunctionRole } from './function-role.ts'

type FunctionVariables = Partial<Record<EnvironmentVariable, string>>
type CommonVariable =
  | 'ATRIUM_STAGE'
  | 'ATRIUM_CATALOG'
  | 'ATRIUM_LOGIN'
  | 'SHARED_DOMAINS'
  | 'BASE_DOMAIN'
  | 'CONNECTION_TENANTS'
  | 'CONNECTION_MINUTES'
  | 'CONNECTION_NAMED'

export interface ApiFunctionProps {
  /** The file in `functions/` that exports the handler. */
  readonly entry: string
  /** The export that is the handler; `handler` unless given. */
  readonly handler?: string
  /** Whose login it uses. */
  readonly plane: 'api' | 'control'
  /** Instances reserved for it; the account's unless given. */
  readonly reserved?: number | undefined
  /** Seconds; the settings' unless given. */
  readonly timeoutSeconds?: number
  /** For temporary files, besides the 512 MiB that every function has. */
  readonly storageGiB?: number
  /** What its code reads beside itself; the control plane's read the migrations. */
  readonly files?: BundledFiles | undefined
  /** Variables of this function alone. */
  readonly variables?: FunctionVariables
  readonly settings: Settings
  readonly network: NetworkStack
  readonly database: DatabaseStack
}

/**
 * Empty on AWS, where the SDK takes an empty one for none: declared because SAM CLI sets only variables that the template
 * declares, and a function invoked on one's own machine finds its secrets and the other functions by them.
 */
const forLocalInvocation = { AWS_ENDPOINT_URL_SECRETS_MANAGER: '', AWS_ENDPOINT_URL_LAMBDA: '' }

/** Pairs as the functions' environment holds them: `main=…,large=…` */
export function pairs(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join()
}

/** A function of either plane: bundled by esbuild, in the VPC, allowed to read its plane's login. */
export class ApiFunction extends Construct {
  readonly function: lambda.Function
  readonly logs: logs.LogGroup

  constructor(scope: Construct, id: string, props: ApiFunctionProps) {
    super(scope, id)
    const {
      entry,
      handler = 'handler',
      plane,
      reserved,
      timeoutSeconds,
      storageGiB,
      settings,
      network,
      database,
      variables,
      files,
    } = props

    const environment: Required<Pick<FunctionVariables, CommonVariable>> & FunctionVariables = {
      ATRIUM_STAGE: settings.stage,
      ATRIUM_CATALOG: settings.placements[0]?.name ?? '',
      ATRIUM_LOGIN: plane,
      SHARED_DOMAINS: [
        ...settings.sharedDomains,
        ...(settings.domains === undefined ? [] : [settings.domains.base]),
      ].join(),
      BASE_DOMAIN: settings.domains?.base ?? '',
      CONNECTION_TENANTS: String(settings.connection.tenants),
      CONNECTION_MINUTES: String(settings.connection.minutes),
      CONNECTION_NAMED: String(plane === 'api' && settings.connection.named),
      ...(plane === 'api' && settings.proxy !== null ? { PROXY_HOSTS: pairs(database.proxyHosts) } : {}),
      ...variables,
    }
    this.logs = new logs.LogGroup(this, 'Logs', {
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    // By its own name once more: tools tell functions by the id of the construct that holds the resource.
    this.function = new lambda.Function(this, id, {
      code: bundledCode(`functions/${entry}`, plane === 'control' ? migrationFiles : files),
      handler: `index.${handler}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: settings.function.memoryMiB,
      timeout: Duration.seconds(timeoutSeconds ?? settings.function.timeoutSeconds),
      ...(storageGiB === undefined ? {} : { ephemeralStorageSize: Size.gibibytes(storageGiB) }),
      ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
      tracing: settings.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [network.functions[plane]],
      environment: {
        ...environment,
        ...forLocalInvocation,
        // Lambda's Node runtimes trust Amazon's authorities for RDS only when told to.
        NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      },
      loggingFormat: lambda.LoggingFormat.JSON,
      logGroup: this.logs,
      role: createFunctionRole(this, { logs: this.logs, inVpc: true, tracing: settings.tracing }),
    })
    noteEntry(this.function, `functions/${entry}`)
    for (const secret of database.loginSecrets[plane]) secret.grantRead(this.function)
  }
}

import { type CfnElement, CfnOutput, Duration, FileSystem, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { HttpApi, type HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import * as s3 from 'aws-cdk-lib/aws-s3'
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import type { Construct } from 'constructs'
import { controlRoutes } from '../../functions/control-routes.ts'
import { connectionsOf } from '../connections.ts'
import { addLoggedStage } from '../constructs/access-log.ts'
import { acknowledge } from '../constructs/acknowledge.ts'
import { ApiFunction, pairs } from '../constructs/api-function.ts'
import { project } from '../constructs/bundling.ts'
import { courierName } from '../constructs/courier.ts'
import { FleetDeployment } from '../constructs/fleet-deployment.ts'
import { allowFiles, allowInvoke, allowInvokeByName } from '../constructs/function-role.ts'
import { nameOf } from '../constructs/name-of.ts'
import { OperationsMachine } from '../constructs/operations-machine.ts'
import type { Settings } from '../settings.ts'
import { smokeTestRole } from '../smoke-test-role.ts'
import type { DatabaseStack } from './database-stack.ts'
import type { NetworkStack } from './network-stack.ts'

export interface ControlStackProps extends StackProps {
  readonly settings: Settings
  readonly network: NetworkStack
  readonly database: DatabaseStack
  /** The account of a pipeline that tries the stage out; the stage's own unless given. */
  readonly smokeTestedFrom?: string
}

/** For each placement, the connections that all functions may open to its server; none where nobody knows. */
function connectionBudget(settings: Settings): Record<string, number> {
  return Object.fromEntries(
    settings.placements.flatMap(({ name, server }) => {
      const connections = connectionsOf(server, settings)
      return connections === undefined ? [] : [[name, connections.needed]]
    }),
  )
}

/** How the tenants' own names are served, and for how long they may be elsewhere. */
function domainVariables({ vanityDomains }: Settings) {
  return {
    DOMAINS_WAY: vanityDomains.distribution === null ? 'gateway' : 'distribution',
    STRAY_DAYS: String(vanityDomains.strayDays),
  }
}

/** What `atrium smoke-test` does with the control plane, and nothing else. */
const smokeTestRoutes = ['POST/tenants', 'DELETE/tenants/smoke-*', 'POST/tenants/smoke-*/keys', 'GET/operations/*']

function allowSmokeTest(stack: Stack, api: HttpApi, { stage }: Settings, account: string): void {
  const role = new iam.Role(stack, 'SmokeTest', {
    roleName: smokeTestRole(stage),
    assumedBy: new iam.AccountPrincipal(account),
  })
  const resources = smokeTestRoutes.map((route) =>
    stack.formatArn({ service: 'execute-api', resource: api.apiId, resourceName: `$default/${route}` }),
  )
  role.addToPolicy(new iam.PolicyStatement({ actions: ['execute-api:Invoke'], resources }))
  const id = stack.getLogicalId(api.node.defaultChild as CfnElement)
  for (const route of smokeTestRoutes.filter((each) => each.includes('*'))) {
    acknowledge(
      role,
      `IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${id}>/$default/${route}]`,
      'The tenants and operations of smoke tests, which are named anew by each.',
    )
  }
}

/** Lambda's longest, in seconds: a worker goes on with an operation for as long as it can. */
const workerTimeout = 15 * 60

/** The control plane: an HTTP API of its own that serves IAM principals alone, and the operations' worker. */
export class ControlStack extends Stack {
  /** Fetches an issuer's keys; the application plane invokes it for a token that is signed with an unknown one. */
  readonly signingKeys: IFunction
  readonly api: HttpApi
  /** By their constructs' names: `Tenants`, `Worker`. */
  readonly functions: ReadonlyMap<string, IFunction>
  readonly machine: StateMachine
  readonly url: CfnOutput

  constructor(
    scope: Construct,
    id: string,
    { settings, network, database, smokeTestedFrom, ...props }: ControlStackProps,
  ) {
    super(scope, id, props)
    const common = { plane: 'control', settings, network, database } as const
    const serving = { ...common, reserved: settings.concurrency?.control }
    const withBudget = { CONNECTION_BUDGET: pairs(connectionBudget(settings)) }

    const functions = new Map<string, IFunction>()
    this.functions = functions
    const api = new HttpApi(this, 'Api', {
      description: `Atrium's control plane, ${settings.stage}`,
      defaultAuthorizer: new HttpIamAuthorizer(),
      createDefaultStage: false,
    })
    this.api = api
    addLoggedStage(api, settings)
    const files = new s3.Bucket(this, 'Files', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // Exports and uploads are on their way to somewhere else.
      lifecycleRules: [{ expiration: Duration.days(7), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: RemovalPolicy.DESTROY,
    })
    acknowledge(
      files,
      'S1',
      "Each file is there for a week at most, and reached by a URL that the control plane signs: who asked is in the API's log.",
    )
    const withFiles = { FILES_BUCKET: files.bucketName }

    // It alone may read the master secret; it makes roles and databases, and serves no request.
    const { function: bootstrap } = new ApiFunction(this, 'Bootstrap', {
      ...{ ...common, entry: 'placements/bootstrap.ts', timeoutSeconds: 60 },
      variables: withBudget,
    })
    for (const { masterSecret } of database.servers.values()) masterSecret.grantRead(bootstrap)
    for (const secret of database.loginSecrets.api) secret.grantRead(bootstrap)

    const courier = courierName(settings)
    const withCourier = { COURIER_FUNCTION: courier, ...domainVariables(settings) }
    // The one function here with the API's login: it tries to mix tenants up as the application plane would.
    const { function: probe } = new ApiFunction(this, 'Probe', {
      ...{ ...common, plane: 'api', entry: 'placements/probe.ts', timeoutSeconds: 60 },
    })
    const { function: worker } = new ApiFunction(this, 'Worker', {
      ...{ ...serving, entry: 'operations/worker.ts', timeoutSeconds: workerTimeout, storageGiB: 10 },
      variables: {
        ...{ ...withFiles, ...withCourier, ...withBudget, PROBE_FUNCTION: probe.functionName },
        IDEMPOTENCY_HOURS: String(settings.idempotencyHours),
      },
    })
    allowInvoke(worker, probe)
    allowInvokeByName(worker, courier)
    allowFiles(worker, files, 's3:PutObject', 'exports')
    allowFiles(worker, files, 's3:GetObject', 'imports')
    const { machine } = new OperationsMachine(this, 'OperationsMachine', { worker, settings })
    this.machine = machine
    functions.set('Worker', worker).set('Bootstrap', bootstrap)
    const withMachine = { OPERATIONS_MACHINE: machine.stateMachineArn }

    const folders = new Set(controlRoutes.map((route) => route.function))
    for (const folder of folders) {
      const name = nameOf(folder)
      const mayBootstrap = folder === 'placements'
      const hasFiles = folder === 'tenants' || folder === 'operations'
      const startsOperations = folder !== 'credentials' && folder !== 'plans'
      const { function: handler } = new ApiFunction(this, name, {
        ...{ ...serving, entry: `${folder}/handler.ts` },
        ...(mayBootstrap ? { timeoutSeconds: 29 } : {}),
        variables: {
          ...(startsOperations ? withMachine : {}),
          ...(mayBootstrap ? { BOOTSTRAP_FUNCTION: bootstrap.functionName } : {}),
          ...(hasFiles ? withFiles : {}),
          ...(folder === 'domains' ? withCourier : folder === 'tenants' ? domainVariables(settings) : {}),
        },
      })
      functions.set(name, handler)
      if (startsOperations) machine.grantStartExecution(handler)
      if (mayBootstrap) allowInvoke(handler, bootstrap)
      if (folder === 'domains') allowInvokeByName(handler, courier)
      // A presigned URL can do what its signer may.
      if (folder === 'tenants') allowFiles(handler, files, 's3:PutObject', 'imports')
      if (folder === 'operations') allowFiles(handler, files, 's3:GetObject', 'exports')
      const integration = new HttpLambdaIntegration(`${name}Integration`, handler)
      for (const { method, path } of controlRoutes.filter((route) => route.function === folder)) {
        api.addRoutes({ path, methods: [method as HttpMethod], integration })
      }
    }
    const { function: signingKeys } = new ApiFunction(this, 'SigningKeys', {
      ...{ ...serving, entry: 'credentials/signing-keys.ts', timeoutSeconds: 25, variables: withCourier },
    })
    allowInvokeByName(signingKeys, courier)
    this.signingKeys = signingKeys
    functions.set('SigningKeys', signingKeys)

    const deployment = (name: string, handler: string, timeoutSeconds: number) => {
      const { function: made } = new ApiFunction(this, name, {
        ...{ ...common, entry: 'migrations/deployment.ts', handler, timeoutSeconds },
        variables: { ...withMachine, BOOTSTRAP_FUNCTION: bootstrap.functionName },
      })
      return made
    }
    const begin = deployment('DeploymentBegin', 'begin', 120)
    allowInvoke(begin, bootstrap)
    const isComplete = deployment('DeploymentIsComplete', 'isComplete', 30)
    machine.grantStartExecution(isComplete)
    new FleetDeployment(this, 'FleetDeployment', {
      ...{ begin, isComplete, settings },
      // What a placement is made of: migrations, grants, settings, and who reaches it.
      state: {
        migrations: FileSystem.fingerprint(project('shared/db/migrations')),
        placements: FileSystem.fingerprint(project('shared/tenancy')),
        settings: JSON.stringify([settings.placements, settings.servers, settings.proxy]),
      },
    })
    allowSmokeTest(this, api, settings, smokeTestedFrom ?? this.account)
    this.url = new CfnOutput(this, 'Url', {
      value: api.apiEndpoint,
      description: 'For the atrium command: ATRIUM_URL',
    })
  }
}

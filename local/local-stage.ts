import { join } from 'node:path'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { secretName } from '../shared/db/application-pools.ts'
import { createCredentialsReader } from '../shared/db/credentials.ts'
import { createPools } from '../shared/db/pools.ts'
import type { ControlPlane } from '../shared/tenancy/control-plane.ts'
import { createPlacement } from '../shared/tenancy/create-placement.ts'
import { placementNames } from '../shared/tenancy/placement-names.ts'
import { registerPlacement } from '../shared/tenancy/register-placement.ts'
import type { DataFolder } from './data-folder.ts'
import { startLocalDomains } from './domains/local-domains.ts'
import { startFilesEndpoint } from './files-endpoint.ts'
import { createFunctionPool, type RenewablePool } from './gateway/function-pool.ts'
import type { GatewayPort } from './gateway/gateway.ts'
import { openLog } from './gateway/open-log.ts'
import type { FunctionError } from './gateway/process-messages.ts'
import { readTemplate } from './gateway/read-template.ts'
import { startInvokeEndpoint } from './invoke-endpoint.ts'
import { migrateFleet } from './migrate-fleet.ts'
import { startOperationsLoop } from './operations-loop.ts'
import { openOperatorToken } from './operator-token.ts'
import { startCluster } from './postgres/cluster.ts'
import { createMaster, masterName } from './postgres/create-master.ts'
import { startSecretsEndpoint } from './secrets-endpoint.ts'
import { synthesise } from './synthesise.ts'

/** The stage that the local gateway serves, whole: database, secrets, functions. */
export interface LocalStage {
  readonly control: ControlPlane
  readonly secretsUrl: string
  readonly accessKeyId: string
  readonly operatorTokenFile: string
  /** Variables for a function that is invoked by itself, on this machine. */
  readonly variables: Readonly<Record<string, string>>
  /** The ports of what a function in a container needs: database, secrets, other functions. */
  readonly ports: readonly number[]
  /** What runs its functions. */
  readonly functions: readonly RenewablePool[]
  /** Whether a tenant's own name is served. */
  isServed(name: string): boolean
  /** Stops everything but the ports, requests first, the database last. */
  stop(): Promise<void>
}

export interface LocalStageOptions {
  readonly data: DataFolder
  /** Where the app is synthesised to. */
  readonly outputFolder: string
  /** For the application plane's routes. */
  readonly gateway: GatewayPort
  /** For the control plane's. */
  readonly controlGateway: GatewayPort
  onFunctionError(functionId: string, error: FunctionError): void
}

const stage = 'dev'

/** What differs here from the template's variables. */
const hereInstead = {
  SHARED_DOMAINS: 'localhost,127.0.0.1',
  BASE_DOMAIN: 'localhost',
  NODE_EXTRA_CA_CERTS: '',
}
const placement = 'main'

/**
 * Starts the database and synthesises the app, both at once, and serves the template's routes at the gateway. When one
 * of them fails, what was started is stopped again.
 */
export async function startLocalStage({
  data,
  outputFolder,
  gateway,
  controlGateway,
  onFunctionError,
}: LocalStageOptions): Promise<LocalStage> {
  await using started = new AsyncDisposableStack()
  const { passwords } = data
  const synthesised = synthesise(outputFolder, stage)
  synthesised.catch(() => undefined) // awaited below, once the database is there to be stopped
  const cluster = await startCluster({ dataFolder: data.path, superuserPassword: passwords.superuser, durable: true })
  started.defer(() => cluster.stop())
  const secrets = await startSecretsEndpoint((name, host) => declareSecret(name, { host, port: cluster.port }, data))
  started.defer(() => secrets.close())
  await createPlacement(await createMaster(cluster.superuser, passwords.master), {
    ...{ database: databaseOf(placement), holdsCatalog: true, passwords },
  })

  const control = connectControlPlane({ secretsUrl: secrets.url, accessKeyId: secrets.accessKeyId })
  started.defer(() => control.pools.end())
  await registerPlacement(control, placement)
  await migrateFleet(control)

  await synthesised
  const output = await openLog(join(data.path, 'functions.log'))
  output.on('error', (error) => console.error(`the functions' output cannot be written: ${error.message}`))
  const template = (stack: string) => readTemplate(join(outputFolder, `Atrium-${stage}-${stack}.template.json`))
  const controlTemplate = template('Control')
  const common = { ...awsEnvironment(secrets.url, secrets.accessKeyId), ...hereInstead }
  const bootstrap = createFunctionPool(controlTemplate.functionOf('Bootstrap'), {
    ...{ environment: common, output },
  })
  const probe = createFunctionPool(controlTemplate.functionOf('Probe'), { environment: common, output })
  const domains = await startLocalDomains(control)
  started.defer(() => domains.close())
  const courier = createFunctionPool(template('Edge').functionOf('Courier'), {
    ...{ environment: { ...common, ...domains.environment }, output },
  })
  const invocable = new Map(Object.entries({ bootstrap, probe, courier }))
  const lambda = await startInvokeEndpoint(invocable, secrets.accessKeyId)
  started.defer(async () => {
    await lambda.close()
    await Promise.all([...invocable.values()].map((pool) => pool.stop()))
  })
  const files = await startFilesEndpoint(join(data.path, 'files'), secrets.accessKeyId)
  started.defer(() => files.close())
  const environment = {
    ...{ ...common, AWS_ENDPOINT_URL_LAMBDA: lambda.url, BOOTSTRAP_FUNCTION: 'bootstrap', PROBE_FUNCTION: 'probe' },
    ...{ COURIER_FUNCTION: 'courier', SIGNING_KEYS_FUNCTION: 'signing-keys' },
    ...{ AWS_ENDPOINT_URL_S3: files.url, FILES_BUCKET: 'files' },
  }
  // It invokes the courier in its turn, so it needs the endpoint that it is itself invoked at.
  invocable.set('signing-keys', createFunctionPool(controlTemplate.functionOf('SigningKeys'), { environment, output }))
  const operations = startOperationsLoop(controlTemplate.functionOf('Worker'), { environment, output })
  started.defer(() => operations.stop())
  const operator = openOperatorToken(data.path)
  const controlFunctions = controlGateway.serve({
    ...{ routes: controlTemplate.routes, environment, output, onFunctionError },
    authorise: operator.authorise,
    onAnswer: (statusCode) => statusCode === 202 && operations.poke(),
  })
  const applicationFunctions = gateway.serve({
    routes: template('Application').routes,
    environment,
    output,
    onFunctionError,
  })
  const running = started.move()
  return {
    control,
    secretsUrl: secrets.url,
    accessKeyId: secrets.accessKeyId,
    operatorTokenFile: operator.file,
    variables: {
      ...hereInstead,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.urlWithKey,
      AWS_ENDPOINT_URL_LAMBDA: lambda.urlWithKey,
      SIGNING_KEYS_FUNCTION: environment.SIGNING_KEYS_FUNCTION,
    },
    ports: [cluster.port, ...[secrets.url, lambda.url].map((url) => Number(new URL(url).port))],
    functions: [...invocable.values(), operations.worker, ...controlFunctions, ...applicationFunctions],
    isServed: domains.isServed,
    stop: () => running.disposeAsync(),
  }
}

const masterSecret = `atrium/${stage}/master`

/** `main` → `atrium_main` */
function databaseOf(name: string): string {
  return `atrium_${name.replaceAll('-', '_')}`
}

/** The secrets of this stage: the master's, and both logins' of a placement of any name. */
function declareSecret(
  name: string,
  server: { readonly host: string; readonly port: number },
  { passwords }: DataFolder,
): Readonly<Record<string, unknown>> | undefined {
  if (name === masterSecret) return { username: masterName, password: passwords.master }
  const [, of, login] = new RegExp(`^atrium/${stage}/([a-z][a-z0-9-]{0,38})/(api|control)$`).exec(name) ?? []
  if (of === undefined || (login !== 'api' && login !== 'control')) return undefined
  const names = placementNames(databaseOf(of))
  return {
    ...{ engine: 'postgres', ...server, dbname: names.database, ssl: false },
    ...{ username: names[login], password: passwords[login], masterarn: masterSecret },
  }
}

/** The control plane of a running local stage, with its login from the stage's own secrets endpoint. */
export function connectControlPlane(running: {
  readonly secretsUrl: string
  readonly accessKeyId: string
}): ControlPlane {
  const client = new SecretsManagerClient({
    region: 'local',
    endpoint: running.secretsUrl,
    credentials: { accessKeyId: running.accessKeyId, secretAccessKey: 'local' },
  })
  const credentials = createCredentialsReader({ client, secretId: (name) => secretName(stage, name, 'control') })
  return { pools: createPools({ credentials, size: 4 }), catalog: placement }
}

function awsEnvironment(secretsUrl: string, accessKeyId: string): Record<string, string> {
  return {
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsUrl,
  }
}

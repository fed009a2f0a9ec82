import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { secretName } from '../shared/db/application-pools.ts'
import { createCredentialsReader } from '../shared/db/credentials.ts'
import { createPools } from '../shared/db/pools.ts'
import type { ControlPlane } from '../shared/tenancy/control-plane.ts'
import { createPlacement } from '../shared/tenancy/create-placement.ts'
import { registerPlacement } from '../shared/tenancy/register-placement.ts'
import type { DataFolder } from './data-folder.ts'
import type { FunctionError } from './gateway/function-process.ts'
import type { GatewayPort } from './gateway/gateway.ts'
import { readTemplate } from './gateway/read-template.ts'
import { startOperationsLoop } from './operations-loop.ts'
import { openOperatorToken } from './operator-token.ts'
import { type Cluster, startCluster } from './postgres/cluster.ts'
import { createMaster } from './postgres/create-master.ts'
import { startSecretsEndpoint } from './secrets-endpoint.ts'
import { synthesise } from './synthesise.ts'

/** The stage that the local gateway serves, whole: database, secrets, functions. */
export interface LocalStage {
  readonly control: ControlPlane
  readonly secretsUrl: string
  readonly accessKeyId: string
  readonly operatorTokenFile: string
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
const placement = 'main'
const database = 'atrium_main'

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
  const secrets = await startSecretsEndpoint()
  started.defer(() => secrets.close())
  await preparePlacement(cluster, data, secrets.put)

  const control = connectControlPlane({ secretsUrl: secrets.url, accessKeyId: secrets.accessKeyId })
  started.defer(() => control.pools.end())
  await registerPlacement(control, placement)

  await synthesised
  const output = createWriteStream(join(data.path, 'functions.log'), { mode: 0o600 })
  output.on('error', (error) => console.error(`the functions' output cannot be written: ${error.message}`))
  const environment = {
    ...awsEnvironment(secrets.url, secrets.accessKeyId),
    SHARED_DOMAINS: 'localhost,127.0.0.1',
    NODE_EXTRA_CA_CERTS: '',
  }
  const template = (stack: string) => readTemplate(join(outputFolder, `Atrium-${stage}-${stack}.template.json`))
  const controlTemplate = template('Control')
  const operations = startOperationsLoop(controlTemplate.functionOf('Worker'), { environment, output })
  started.defer(() => operations.stop())
  const operator = openOperatorToken(data.path)
  controlGateway.serve({
    ...{ routes: controlTemplate.routes, environment, output, onFunctionError },
    authorise: operator.authorise,
    onAnswer: (statusCode) => statusCode === 202 && operations.poke(),
  })
  gateway.serve({ routes: template('Application').routes, environment, output, onFunctionError })
  const running = started.move()
  return {
    control,
    secretsUrl: secrets.url,
    accessKeyId: secrets.accessKeyId,
    operatorTokenFile: operator.file,
    stop: () => running.disposeAsync(),
  }
}

async function preparePlacement(
  cluster: Cluster,
  { passwords }: DataFolder,
  putSecret: (name: string, value: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  const master = await createMaster(cluster.superuser, passwords.master)
  const names = await createPlacement(master, { database, holdsCatalog: true, passwords })
  for (const login of ['api', 'control'] as const) {
    putSecret(secretName(stage, placement, login), {
      ...{ engine: 'postgres', host: '127.0.0.1', port: cluster.port, dbname: database, ssl: false },
      ...{ username: names[login], password: passwords[login] },
    })
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

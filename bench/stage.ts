import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import pg from 'pg'
import { controlRoutes } from '../functions/control-routes.ts'
import { routes, scopes } from '../functions/routes.ts'
import { createEvent } from '../local/gateway/create-event.ts'
import { createRouteMatcher } from '../local/gateway/match-route.ts'
import { removeCluster, startCluster } from '../local/postgres/cluster.ts'
import { createMaster } from '../local/postgres/create-master.ts'
import { startSecretsEndpoint } from '../local/secrets-endpoint.ts'
import { createKey } from '../shared/control/api-keys.ts'
import { updatePlacement } from '../shared/control/placements.ts'
import { secretName } from '../shared/db/application-pools.ts'
import { createCredentialsReader } from '../shared/db/credentials.ts'
import { createPools, type Pools } from '../shared/db/pools.ts'
import type { ControlPlane } from '../shared/tenancy/control-plane.ts'
import { createPlacement } from '../shared/tenancy/create-placement.ts'
import { provisionTenant } from '../shared/tenancy/provision-tenant.ts'
import { registerPlacement } from '../shared/tenancy/register-placement.ts'
import type { Tenant } from '../shared/tenancy/tenant.ts'

export interface StageOptions {
  /** Placements; the first holds the catalog. */
  readonly placements?: number
  /** Connections of the control plane to each. */
  readonly controlConnections?: number
}

/** A server of a bench's own, with placements and what functions need to reach them. */
export interface BenchStage {
  readonly control: ControlPlane
  readonly placements: readonly string[]
  /** Connects with a login of a placement. */
  connection(login: 'api' | 'control', placement?: string): pg.ClientConfig
  readonly superuser: pg.ClientConfig
  /** Pools as a function has them, over `port` if it is another than the server's. */
  openPools(options?: { readonly size?: number; readonly port?: number; readonly named?: boolean }): Pools
  createTenant(slug: string, placement?: string): Promise<Tenant>
  /** A tenant with so many products. */
  createShop(slug: string, products: number, placement?: string): Promise<Tenant>
  /** An event of a request of the tenant, with a key of its own. */
  eventFor(
    slug: string,
    method: string,
    target: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<APIGatewayProxyEventV2>
  /** An event of an operator's request. */
  controlEventFor(method: string, target: string): APIGatewayProxyEventV2
  keyOf(slug: string): Promise<string>
  /** Has the functions reach the first placement over another port, such as a proxy's. */
  leadFunctionsOver(port: number): Promise<void>
  /** The variables that functions find their secrets by; this process has them. */
  readonly environment: Readonly<Record<string, string>>
  end(): Promise<void>
}

const stageName = 'bench'
const match = createRouteMatcher(routes)
const matchControl = createRouteMatcher(controlRoutes)

export async function openStage({
  placements: count = 1,
  controlConnections = 4,
}: StageOptions = {}): Promise<BenchStage> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'atrium-bench-'))
  chmodSync(dataFolder, 0o711) // root's server runs as another user
  const secret = () => randomBytes(24).toString('base64url')
  // As a server that is to keep what it is told, but for the disk of this machine.
  const cluster = await startCluster({
    ...{ dataFolder, superuserPassword: secret(), durable: false, maxConnections: 300 },
    settings: { synchronous_commit: 'on', shared_buffers: '256MB', max_wal_size: '4GB', autovacuum_naptime: '10s' },
  })
  const master = await createMaster(cluster.superuser, secret())
  const secrets = await startSecretsEndpoint()
  const placements = Array.from({ length: count }, (_, n) => `p${n}`)
  const connections = new Map<string, pg.ClientConfig>()
  for (const [at, placement] of placements.entries()) {
    const passwords = { api: secret(), control: secret() }
    const database = `bench_${randomBytes(6).toString('hex')}`
    const names = await createPlacement(master, { database, holdsCatalog: at === 0, passwords })
    for (const login of ['api', 'control'] as const) {
      const config = { ...master, database, user: names[login], password: passwords[login] }
      connections.set(`${login} ${placement}`, config)
      secrets.put(secretName(stageName, placement, login), {
        ...{ host: master.host, port: master.port, dbname: database, ssl: false },
        ...{ username: names[login], password: passwords[login] },
      })
    }
  }
  const environment = {
    ...{ ATRIUM_STAGE: stageName, ATRIUM_CATALOG: 'p0', ATRIUM_LOGIN: 'api' },
    ...{ SHARED_DOMAINS: 'api.test,localhost', AWS_REGION: 'local', AWS_ACCESS_KEY_ID: secrets.accessKeyId },
    ...{ AWS_SECRET_ACCESS_KEY: 'local', AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url },
  }
  Object.assign(process.env, environment)

  const opened: Pools[] = []
  // Its own, since this process's variables are those of the stage that was opened last.
  const client = new SecretsManagerClient({
    ...{ endpoint: secrets.url, region: 'local' },
    credentials: { accessKeyId: secrets.accessKeyId, secretAccessKey: 'local' },
  })
  const open = (
    login: 'api' | 'control',
    size: number,
    { port, named = false }: { port?: number; named?: boolean } = {},
  ) => {
    const secretId = (placement: string) => secretName(stageName, placement, login)
    const reader = createCredentialsReader({ secretId, client })
    const credentials = {
      read: async (placement: string) => ({
        ...(await reader.read(placement)),
        ...(port === undefined ? {} : { port }),
      }),
      forget: reader.forget,
    }
    const pools = createPools({ credentials, size, named })
    opened.push(pools)
    return pools
  }
  const control = { pools: open('control', controlConnections), catalog: 'p0' }
  for (const placement of placements) {
    await registerPlacement(control, placement)
    // What is measured beside 500 tenants is one more.
    await updatePlacement(control, placement, { tenant_limit: 1_000 })
  }

  const keys = new Map<string, Promise<string>>()
  const keyOf = (slug: string): Promise<string> => {
    const known = keys.get(slug)
    if (known !== undefined) return known
    const made = createKey(control, slug, { name: 'bench', scopes, expiresAt: null }).then(({ key }) => key)
    keys.set(slug, made)
    return made
  }
  const connection: BenchStage['connection'] = (login, placement = 'p0') => {
    const config = connections.get(`${login} ${placement}`)
    if (config === undefined) throw new Error(`there is no placement ${placement}`)
    return config
  }
  const createTenant = async (slug: string, placement?: string): Promise<Tenant> =>
    (await provisionTenant(control, { slug, name: slug, domains: [], placement })).tenant

  return {
    ...{ control, placements, connection, environment, keyOf, createTenant, superuser: cluster.superuser },
    async leadFunctionsOver(port) {
      const { host, database, user, password } = connection('api')
      secrets.put(secretName(stageName, 'p0', 'api'), {
        ...{ host, port, dbname: database, ssl: false, username: user, password },
      })
    },
    openPools: ({ size = 1, ...options } = {}) => open('api', size, options),
    async createShop(slug, products, placement) {
      const tenant = await createTenant(slug, placement)
      const client = new pg.Client(connection('api', tenant.ref.placement))
      await client.connect()
      await client.query(`SET ROLE ${pg.escapeIdentifier(tenant.ref.schema)}`)
      await client.query(
        `INSERT INTO ${pg.escapeIdentifier(tenant.ref.schema)}.products (name, description, price)
         SELECT 'LANTERN ' || n, 'Paper, with a light in it', n FROM generate_series(1, $1) AS n`,
        [products],
      )
      await client.end()
      return tenant
    },
    async eventFor(slug, method, target, body, headers = {}) {
      const matched = match(method, target.split('?')[0] ?? target)
      if (matched === undefined) throw new Error(`no route for ${method} ${target}`)
      const sent = {
        ...{ host: 'api.test', 'x-tenant': slug, authorization: `Bearer ${await keyOf(slug)}` },
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      }
      return createEvent(
        {
          ...{ method, target, headers: Object.entries(sent), sourceIp: '192.0.2.1', protocol: 'HTTP/1.1' },
          body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
          principal: undefined,
        },
        matched,
      )
    },
    controlEventFor(method, target) {
      const matched = matchControl(method, target.split('?')[0] ?? target)
      if (matched === undefined) throw new Error(`no route of the control plane for ${method} ${target}`)
      return createEvent(
        {
          ...{ method, target, headers: [['host', 'control.test']], sourceIp: '192.0.2.1', protocol: 'HTTP/1.1' },
          ...{ body: Buffer.alloc(0), principal: 'arn:aws:iam::000000000000:user/bench' },
        },
        matched,
      )
    },
    async end() {
      await Promise.all(opened.map((pools) => pools.end()))
      await secrets.close()
      await cluster.stop()
      await removeCluster(dataFolder)
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}

/** What Lambda hands a function beside the event, with all of its time left. */
export const lambdaContext = {
  ...{ awsRequestId: '00000000-0000-4000-8000-000000000000', callbackWaitsForEmptyEventLoop: false },
  ...{ functionName: 'bench', functionVersion: '$LATEST', invokedFunctionArn: 'arn:aws:lambda:local:0:function:bench' },
  ...{ logGroupName: 'bench', logStreamName: 'bench', memoryLimitInMB: '512' },
  getRemainingTimeInMillis: () => 30_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
} satisfies Context

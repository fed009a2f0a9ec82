import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { routes, scopes } from '../functions/routes.ts'
import { createEvent, type HttpApiEvent } from '../local/gateway/create-event.ts'
import { connectControlPlane } from '../local/local-stage.ts'
import { removeCluster, startCluster } from '../local/postgres/cluster.ts'
import { createMaster } from '../local/postgres/create-master.ts'
import { startSecretsEndpoint } from '../local/secrets-endpoint.ts'
import { createKey } from '../shared/control/api-keys.ts'
import { secretName } from '../shared/db/application-pools.ts'
import { createPlacement } from '../shared/tenancy/create-placement.ts'
import { provisionTenant } from '../shared/tenancy/provision-tenant.ts'
import { registerPlacement } from '../shared/tenancy/register-placement.ts'

/** A database with one tenant and a key of it, and what functions are told of them. */
export interface BenchStage {
  /** Removed with the stage. */
  readonly folder: string
  /** As the template sets it; for libpq's variables too, the API's login. */
  readonly environment: Readonly<Record<string, string>>
  /** A request of the tenant's to a route of the table. */
  eventFor(route: string): HttpApiEvent
}

/** Makes the stage for as long as `work` takes. */
export async function withBenchStage(work: (stage: BenchStage) => Promise<void>): Promise<void> {
  await using made = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'atrium-bench-'))
  chmodSync(folder, 0o711) // root's server runs as another user
  made.defer(() => rmSync(folder, { recursive: true, force: true }))
  const cluster = await startCluster({ dataFolder: folder, superuserPassword: drawPassword(), durable: false })
  made.defer(async () => {
    await cluster.stop()
    await removeCluster(folder)
  })
  const database = 'atrium_main'
  const passwords = { api: drawPassword(), control: drawPassword() }
  const master = await createMaster(cluster.superuser, drawPassword())
  const names = await createPlacement(master, { database, holdsCatalog: true, passwords })
  const secrets = await startSecretsEndpoint()
  made.defer(() => secrets.close())
  for (const login of ['api', 'control'] as const) {
    secrets.put(secretName('dev', 'main', login), {
      ...{ host: '127.0.0.1', port: cluster.port, dbname: database, ssl: false },
      ...{ username: names[login], password: passwords[login] },
    })
  }
  const control = connectControlPlane({ secretsUrl: secrets.url, accessKeyId: secrets.accessKeyId })
  made.defer(() => control.pools.end())
  await registerPlacement(control, 'main')
  await provisionTenant(control, { slug: 'acme', name: 'Acme', domains: [] })
  const { key } = await createKey(control, 'acme', { name: 'bench', scopes, expiresAt: null })
  await work({
    folder,
    environment: {
      ...{ ATRIUM_STAGE: 'dev', ATRIUM_CATALOG: 'main', ATRIUM_LOGIN: 'api', SHARED_DOMAINS: 'localhost' },
      ...{ AWS_REGION: 'local', AWS_ACCESS_KEY_ID: secrets.accessKeyId, AWS_SECRET_ACCESS_KEY: 'local' },
      ...{ AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url, AWS_LAMBDA_FUNCTION_NAME: 'bench' },
      NODE_OPTIONS: '--enable-source-maps',
      ...{ PGHOST: '127.0.0.1', PGPORT: String(cluster.port), PGDATABASE: database },
      ...{ PGUSER: names.api, PGPASSWORD: passwords.api },
    },
    eventFor(name) {
      const route = routes.find(({ method, path }) => `${method} ${path}` === name)
      if (route === undefined) throw new Error(`there is no route ${name}`)
      const headers = Object.entries({ host: 'localhost', 'x-tenant': 'acme', authorization: `Bearer ${key}` })
      return createEvent(
        {
          ...{
            method: route.method,
            target: route.path.replace('{proxy+}', 'products'),
            headers,
            body: Buffer.alloc(0),
          },
          ...{ sourceIp: '192.0.2.1', protocol: 'HTTP/1.1' },
        },
        { route, parameters: {} },
      )
    },
  })
}

function drawPassword(): string {
  return randomBytes(24).toString('base64url')
}

import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { scopes } from '../../functions/routes.ts'
import { type SecretsEndpoint, startSecretsEndpoint } from '../../local/secrets-endpoint.ts'
import { createKey, type KeyRequest, type NewApiKey } from '../../shared/control/api-keys.ts'
import { getTenant } from '../../shared/control/list-tenants.ts'
import { applicationPools, secretName } from '../../shared/db/application-pools.ts'
import { createCredentialsReader } from '../../shared/db/credentials.ts'
import { createPools, type Pools } from '../../shared/db/pools.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import { createPlacement } from '../../shared/tenancy/create-placement.ts'
import type { PlacementNames } from '../../shared/tenancy/placement-names.ts'
import { type ProvisionRequest, provisionTenant } from '../../shared/tenancy/provision-tenant.ts'
import { registerPlacement } from '../../shared/tenancy/register-placement.ts'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import { bringKey } from './call.ts'
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts'
import { noteSecret } from './log-lines.ts'

/** A deployment stage of a test file's own: one placement with its roles, its secrets, and both planes' pools. */
export interface TestStage {
  readonly names: PlacementNames
  readonly control: ControlPlane
  /** The application plane's pools, those that handlers use. */
  readonly pools: Pools
  readonly secrets: SecretsEndpoint
  /** Connects with a login of the placement. */
  connection(login: 'api' | 'control'): pg.ClientConfig
  /** A new tenant with a slug of its own. */
  createTenant(overrides?: Partial<ProvisionRequest>): Promise<Tenant>
  /** A key for a tenant, which from now on requests bring that name it by slug or one of `domains`. */
  createKey(slug: string, request?: Partial<KeyRequest> & { readonly domains?: readonly string[] }): Promise<NewApiKey>
  /** Runs `work` in a transaction as the owner, with a tenant's schema in the path. */
  inSchemaOf<Result>(slug: string, work: (client: pg.Client) => Promise<Result>): Promise<Result>
  /** Runs `work` in a transaction as the placement's owner, beside the code under test. */
  asOwner<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result>
  /** The functions' way to the database, in a stage that is `counted`. */
  readonly proxy: CountingProxy | undefined
  /** How many round trips the functions' connections have made since the last call, in a stage that is `counted`. */
  takeFlights(): number
  /** Takes the database of a stage that is `counted` out of the functions' reach, for good. */
  cutDatabase(): Promise<void>
  end(): Promise<void>
}

const stage = 'test'

/** Stands in the statement log of the databases that test/isolation/pinning.last.ts leaves out. */
export const pinsOnPurpose = 'this database is sent what pins a session on purpose'
const placement = 'main'

const opened: Pools[] = []

/** Every pool that this test file has opened. */
export function openedPools(): readonly Pools[] {
  return opened
}

/**
 * Makes the stage and points this process's environment at it, as the template points a function's. A process serves one
 * plane: that of `login`.
 */
export async function createTestStage(
  login: 'api' | 'control' = 'api',
  options: {
    readonly counted?: boolean
    /** The file plays code that does what a session of RDS Proxy is pinned for. */
    readonly pinsOnPurpose?: boolean
    /** Another server than the one that all files share, for a file that breaks it. */
    readonly master?: pg.ClientConfig
  } = {},
): Promise<TestStage> {
  const master = options.master ?? inject('master')
  const passwords = { api: randomBytes(24).toString('base64url'), control: randomBytes(24).toString('base64url') }
  noteSecret(passwords.api, passwords.control)
  const database = `test_${randomBytes(6).toString('hex')}`
  const names = await createPlacement(master, { database, holdsCatalog: true, passwords })

  const secrets = await startSecretsEndpoint()
  const proxy = options.counted
    ? await startCountingProxy({ host: String(master.host), port: Number(master.port) })
    : undefined
  for (const each of ['api', 'control'] as const) {
    const port = each === login ? (proxy?.port ?? master.port) : master.port
    secrets.put(secretName(stage, placement, each), {
      ...{ host: master.host, port, dbname: database, ssl: false },
      ...{ username: names[each], password: passwords[each] },
    })
  }
  Object.assign(process.env, {
    ATRIUM_STAGE: stage,
    ATRIUM_CATALOG: placement,
    ATRIUM_LOGIN: login,
    SHARED_DOMAINS: 'api.test,localhost',
    BASE_DOMAIN: 'api.test',
    CORS_ORIGINS: 'https://console.test',
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: secrets.accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  })

  const secretId = (name: string) => secretName(stage, name, 'control')
  const control = {
    pools: createPools({ credentials: createCredentialsReader({ secretId }), size: 4 }),
    catalog: placement,
  }
  opened.push(control.pools, applicationPools())
  await registerPlacement(control, placement)

  const asOwner = async <Result>(path: string, work: (client: pg.Client) => Promise<Result>) => {
    const client = new pg.Client({ ...master, database, user: names.control, password: passwords.control })
    await client.connect()
    try {
      await client.query(
        `BEGIN; SET LOCAL ROLE ${pg.escapeIdentifier(names.owner)}; SET LOCAL search_path = ${path}, pg_temp`,
      )
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } finally {
      await client.end()
    }
  }
  if (options.pinsOnPurpose) await asOwner('pg_catalog', (client) => client.query(`SELECT '${pinsOnPurpose}'`))

  const makeKey: TestStage['createKey'] = async (slug, { domains = [], ...request } = {}) => {
    const made = await createKey(control, slug, { name: 'tests', scopes, expiresAt: null, ...request })
    noteSecret(made.key)
    bringKey([slug, ...domains], made.key)
    return made
  }

  let tenants = 0
  let isCut = false
  return {
    names,
    control,
    pools: applicationPools(),
    secrets,
    proxy,
    connection: (as) => ({ ...master, database, user: names[as], password: passwords[as] }),
    async createTenant(overrides = {}) {
      tenants += 1
      const slug = overrides.slug ?? `tenant-${tenants}`
      const request = { name: `Tenant ${tenants}`, domains: [`${slug}.example.com`], ...overrides, slug }
      const { tenant } = await provisionTenant(control, request)
      await makeKey(slug, { domains: request.domains })
      return tenant
    },
    createKey: makeKey,
    asOwner: (work) => asOwner('pg_catalog', work),
    async inSchemaOf(slug, work) {
      const tenant = await getTenant(control, slug)
      return asOwner(pg.escapeIdentifier(tenant.ref.schema), work)
    },
    takeFlights() {
      if (proxy === undefined) throw new Error('this stage is not counted')
      return proxy.takeFlights()
    },
    async cutDatabase() {
      await proxy?.close()
      isCut = true
    },
    async end() {
      await Promise.all([control.pools.end(), applicationPools().end()])
      await secrets.close()
      if (!isCut) await proxy?.close()
    },
  }
}

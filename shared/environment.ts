import * as z from 'zod/mini'
import './english-messages.ts'

const filled = z.string().check(z.minLength(1))
const count = z.coerce.number().check(z.int(), z.minimum(1))
const positive = z.coerce.number().check(z.positive())

const commaSeparated = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text) => text.split(',').map((part) => part.trim())),
  ),
  z.array(filled).check(z.minLength(1)),
)

/** Unset, or empty: what SAM and the local gateway make of a name that only a deployment knows. */
const optional = z.pipe(
  z.optional(z.string()),
  z.transform((text) => (text === '' ? undefined : text)),
)

/** `one,another`; unset or empty: none. */
const list = z.pipe(
  optional,
  z.transform((text) => (text === undefined ? [] : text.split(','))),
)

/** `main=12,large=7` → a record; unset or empty → nothing in it. */
const pairs = z.pipe(
  optional,
  z.transform(
    (text): Readonly<Record<string, unknown>> => Object.fromEntries((text ?? '').split(',').filter(Boolean).map(split)),
  ),
)

function split(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

const variables = {
  /** The deployment stage; names the secrets: `atrium/<stage>/<placement>/<login>`. */
  ATRIUM_STAGE: filled,
  /** The placement whose database holds the catalog. */
  ATRIUM_CATALOG: filled,
  /** Which of a placement's logins this function uses. */
  ATRIUM_LOGIN: z.enum(['api', 'control']),
  /** Hosts that belong to no tenant, where a header names it; see `tenancy/tenant-names.ts`. */
  SHARED_DOMAINS: commaSeparated,
  /** The domain whose every name `<slug>.` before it is a tenant's; itself one of the shared ones. */
  BASE_DOMAIN: optional,
  /** The secret of the CDN before the tenants' own names; without it no header tells of a host. */
  ORIGIN_SECRET: optional,
  /** Origins whose pages may call the shared domains. */
  CORS_ORIGINS: list,
  /** A connection is replaced after so many distinct tenants, or minutes: a backend keeps what it learns of each. */
  CONNECTION_TENANTS: z._default(count, 600),
  CONNECTION_MINUTES: z._default(positive, 15),
  /** Whether statements are named; for connections that lead to the server itself. */
  CONNECTION_NAMED: z._default(z.stringbool(), false),
  /** Where the application plane's login reaches a placement instead of at its server: the host of a proxy. */
  PROXY_HOSTS: z.pipe(pairs, z.record(filled, filled)),
  /** The connections that all functions together may open to a placement's server, for placements of the settings. */
  CONNECTION_BUDGET: z.pipe(pairs, z.record(filled, count)),
  /** The function that brings placements to life; for the control plane's function that has it do so. */
  BOOTSTRAP_FUNCTION: optional,
  /** The function that tries to mix tenants up; for the worker that has it do so. */
  PROBE_FUNCTION: optional,
  /** The function that fetches an issuer's keys; for the application plane, which meets tokens signed with new ones. */
  SIGNING_KEYS_FUNCTION: optional,
  /** The function that reaches the internet for others. */
  COURIER_FUNCTION: optional,
  /** What serves the names that tenants claim, unless a claim says otherwise. */
  DOMAINS_WAY: z._default(z.enum(['gateway', 'distribution']), 'gateway'),
  /** Days that a live name may lead elsewhere before it is routed no longer. */
  STRAY_DAYS: z._default(positive, 7),
  /** The state machine that works on operations; without it they wait for whoever invokes the worker. */
  OPERATIONS_MACHINE: optional,
  /** How long an idempotency key is kept. */
  IDEMPOTENCY_HOURS: z._default(positive, 24),
  /** The bucket that exports and imports travel by. */
  FILES_BUCKET: optional,
}

/** What the courier is told, which has no database and no login. */
const courierVariables = {
  /** The resolvers that are asked, `address` or `address:port`; the system's when there is none. */
  DNS_RESOLVERS: list,
  /** The id of the application plane's API, which domains are to lead to. */
  APPLICATION_API: z._default(z.string(), ''),
  /** The multi-tenant distribution, where the settings make one. */
  DISTRIBUTION: optional,
  CONNECTION_GROUP: optional,
  /** The host that names of the distribution lead to. */
  ROUTING_ENDPOINT: optional,
}

const environment = z.object(variables)
const courierEnvironment = z.object(courierVariables)

export type EnvironmentVariable = keyof typeof variables
export type CourierVariable = keyof typeof courierVariables
export type Environment = z.output<typeof environment>

/** Zod compiles a function for each object that it checks, which takes longer than to check one once. */
const once = { jitless: true }

let read: Environment | undefined
let readByCourier: z.output<typeof courierEnvironment> | undefined

/** The function's settings, read and checked on first use. Throws a ZodError that names what is missing. */
export function readEnvironment(): Environment {
  read ??= environment.parse(process.env, once)
  return read
}

/** The courier's settings, read alike. */
export function readCourierEnvironment(): z.output<typeof courierEnvironment> {
  readByCourier ??= courierEnvironment.parse(process.env, once)
  return readByCourier
}

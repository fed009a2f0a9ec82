import * as z from 'zod'
import { routes } from '../functions/routes.ts'
import { connectionsOf } from './connections.ts'
import { server } from './server-schema.ts'

const throttle = z.strictObject({ perSecond: z.number().positive(), burst: z.int().positive() })

const account = z.string().regex(/^\d{12}$/, 'must be 12 digits')
const region = z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region such as eu-west-1')

/** A domain that the stage's own hosts are under, and how its certificate is proven. */
const domains = z.strictObject({
  /**
   * The shared domain, where a header names the tenant; every tenant is at once on a name under it: `acme.` before it.
   * With it the application plane's execute-api endpoint is off, so that there is one way in.
   */
  base: z
    .string()
    .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'must be a domain name in lower case'),
  /** The Route 53 zone that the domain is in: its records, and those that prove the certificate, are made there. */
  zone: z.strictObject({ id: z.string().regex(/^Z[A-Z0-9]+$/), name: z.string() }).optional(),
  /** Where the zone is somebody else's: a certificate of this region for the base and for `*.` before it. */
  certificateArn: z.string().startsWith('arn:').optional(),
})

const settings = z
  .strictObject({
    stage: z.enum(['dev', 'staging', 'production']),
    /** Whose account it is deployed to, 12 digits; that of the credentials when there is none. */
    account: account.optional(),
    /** Where; the region of the credentials when there is none. */
    region: region.optional(),
    /** The stage's own names. Without them it is reached at API Gateway's endpoint, with a header that names the tenant. */
    domains: domains.optional(),
    /** Further hosts that belong to no tenant. API Gateway's own endpoint is always one. */
    sharedDomains: z.array(z.string().min(1)).min(1),
    /** Origins whose pages may call the shared domain, such as `https://console.example.com`; tenants have their own. */
    corsOrigins: z.array(z.url({ protocol: /^https?$/, error: 'must be origins such as https://console.example.com' })),
    /** The names that tenants bring themselves, `shop.acme.com`. */
    vanityDomains: z.strictObject({
      /**
       * The resolvers that must agree on what is there; `address` or `address:port`.
       */
      resolvers: z.array(z.string().min(3)).min(1),
      /** Days that a name may lead elsewhere before it is routed no longer. */
      strayDays: z.int().min(1).max(90),
      /**
       * Null: each is a custom domain of API Gateway, of which there are 120 in a region. Else each is a tenant of a CloudFront
       * distribution, of which there may be thousands; it needs `domains`.
       */
      distribution: z
        .strictObject({
          /** A certificate of us-east-1 for the base domain and `*.` before it. */
          certificateArn: z
            .string()
            .regex(/^arn:[\w-]+:acm:us-east-1:/, 'must be the ARN of a certificate of us-east-1'),
          /** The version of the origin secret that is sent, once it has been replaced (docs/domains.md). */
          originSecretVersion: z.uuid().optional(),
          /** A web ACL of AWS WAF, of the scope CLOUDFRONT, before all of them. */
          webAclArn: z.string().startsWith('arn:').optional(),
        })
        .nullable(),
    }),
    /** The servers by their names, which stay: a server is found by its name. */
    servers: z.record(z.string().regex(/^[a-z](?:-?[a-z0-9]){0,30}$/, 'must be a short name in lower case'), server),
    /**
     * Whether the application plane reaches the servers through RDS Proxy, and the percentage of their connections that it may
     * open. Without one each function instance holds a connection of its own.
     */
    proxy: z.strictObject({ connectionPercent: z.int().min(1).max(90) }).nullable(),
    /** Days that backups are kept, and so the time that a database can be set back to. */
    backupDays: z.int().min(1).max(35),
    /** Whether the databases refuse to be deleted, by mistake or with their stack. */
    deletionProtection: z.boolean(),
    /** What becomes of a database whose stack is removed: a last snapshot, or nothing. */
    removal: z.enum(['snapshot', 'destroy']),
    /** Days between two rotations of the logins' passwords. */
    rotationDays: z.int().min(1).max(365),
    /** Requests a second, and at once, that each API takes before it answers 429. */
    throttle,
    /** The same for single routes of the application plane, by `routeKey`. */
    routeThrottle: z.record(z.string(), throttle),
    /**
     * The placements, the catalog's first. CDK makes their logins' secrets; `atrium placements add` then brings one to life.
     * Names stay: a placement is found by them.
     */
    placements: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[a-z][a-z0-9-]{0,38}$/),
          /** Its database, which its roles are named after. */
          database: z
            .string()
            .regex(/^[a-z][a-z0-9_]{0,49}$/)
            .refine(
              (name) => !['postgres', 'rdsadmin', 'template0', 'template1'].includes(name),
              "is one of RDS's own",
            ),
          /** The server that its database is on. */
          server: z.string().default('main'),
        }),
      )
      .min(1)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have names of their own')
      .refine(
        (all) => new Set(all.map(({ database, server }) => `${server} ${database}`)).size === all.length,
        'must have databases of their own on their server',
      ),
    /** When a function replaces a connection: a backend's memory grows with the tenants that it has touched. */
    connection: z.strictObject({
      tenants: z.int().min(1),
      minutes: z.number().positive(),
      /** Whether statements are named: quicker on connections to the server itself, and no help through a proxy, which they pin. */
      named: z.boolean(),
    }),
    function: z.strictObject({
      memoryMiB: z.int().min(128).max(10_240),
      /** HTTP APIs give up after 30 s, whatever stands here. */
      timeoutSeconds: z.int().min(1).max(29),
    }),
    /**
     * Instances that a function may have, reserved for it; null leaves it to the account, whose quota is 10 when it is new and
     * of which 100 must stay unreserved. With them the connections that all may open are known, and must fit the servers.
     */
    concurrency: z
      .strictObject({
        /** Each function of the application plane, but those named below. */
        application: z.int().min(1),
        /** Each function of the control plane. */
        control: z.int().min(1),
        /** Single functions of the application plane, by their folder: `{ health: 5 }`. */
        functions: z.record(z.string(), z.int().min(1)),
      })
      .nullable(),
    /** How new code takes traffic: so many percent for so many minutes, then all; null at once. */
    canary: z.strictObject({ percent: z.literal(10), minutes: z.union([z.literal(5), z.literal(15)]) }).nullable(),
    /** Hours that the answer to a request with an Idempotency-Key is kept. */
    idempotencyHours: z.number().positive().max(720),
    /** Days that logs are kept. */
    logRetentionDays: z.union([z.literal(7), z.literal(30), z.literal(365)]),
    /** Who is written to when an alarm goes off; null: nobody, the alarms are there all the same. */
    alarmEmail: z.email().nullable(),
    /** Whether requests are traced by X-Ray. */
    tracing: z.boolean(),
  })
  .superRefine((chosen, issues) => {
    const complain = (path: readonly PropertyKey[], message: string) =>
      issues.addIssue({ code: 'custom', path: [...path], message })
    if (
      chosen.domains !== undefined &&
      (chosen.domains.zone === undefined) === (chosen.domains.certificateArn === undefined)
    ) {
      complain(['domains'], 'needs a zone or a certificateArn, one of them')
    }
    if (chosen.vanityDomains.distribution !== null && chosen.domains === undefined) {
      complain(['vanityDomains', 'distribution'], 'needs domains, whose origin is behind it')
    }
    if (chosen.connection.named && chosen.proxy !== null) {
      complain(['connection', 'named'], 'must be false with a proxy: a named statement pins its session to one client')
    }
    chosen.placements.forEach(({ server }, at) => {
      if (Object.hasOwn(chosen.servers, server)) return
      complain(
        ['placements', at, 'server'],
        `is "${server}", but there are only ${Object.keys(chosen.servers).join(', ')}`,
      )
    })
    for (const name of Object.keys(chosen.concurrency?.functions ?? {})) {
      if (routes.some((route) => route.function === name)) continue
      complain(['concurrency', 'functions', name], 'is no function of the application plane')
    }
    for (const name of Object.keys(chosen.routeThrottle)) {
      if (routes.some(({ method, path }) => `${method} ${path}` === name)) continue
      complain(['routeThrottle', name], 'is no route of the application plane')
    }
    for (const name of Object.keys(chosen.servers)) {
      if (!chosen.placements.some(({ server }) => server === name)) {
        complain(['servers', name], 'has no placement: name it in one, or leave it out')
      }
      const connections = connectionsOf(name, chosen)
      if (connections === undefined || connections.needed <= connections.available) continue
      complain(
        ['servers', name, 'maxConnections'],
        `leaves ${connections.available} connections, but the functions may open ${connections.needed}: raise it, lower concurrency, or set proxy`,
      )
    }
  })

const repository = z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'must be owner/name')

const pipeline = z.strictObject({
  /** Where the code is: `owner/name`. */
  repository,
  /** Each commit of it is deployed. */
  branch: z.string().min(1),
  /** Of a connection to GitHub, GitLab or Bitbucket that somebody has made and confirmed in the console. */
  connectionArn: z.string().regex(/^arn:[\w-]+:code(?:star-)?connections:/, 'must be the ARN of a connection'),
  /** The pipeline's own, where stages have others. */
  account: account.optional(),
  region: region.optional(),
})

const github = z.strictObject({
  /** `owner/name` */
  repository,
  /** The environment of the repository whose jobs may deploy to this account: named after its stage. */
  environment: z.enum(['dev', 'staging', 'production'], 'must be dev, staging or production'),
})

export type PipelineSettings = z.output<typeof pipeline>
export type GitHubSettings = z.output<typeof github>

/** Check what deploys the stages. Throw a RangeError with one line on the first that is wrong. */
export const checkPipeline = (chosen: z.input<typeof pipeline>): PipelineSettings =>
  check(pipeline, chosen, 'the pipeline')
export const checkGitHub = (chosen: z.input<typeof github>): GitHubSettings => check(github, chosen, 'GitHub')

export type Settings = z.output<typeof settings>

/** What is written down for a stage: `Settings` before the defaults. */
export type ChosenSettings = z.input<typeof settings>

/** Checks a stage's settings. Throws a RangeError with one line on the first that is wrong. */
export function checkSettings(chosen: ChosenSettings): Settings {
  return check(settings, chosen, `the stage "${chosen.stage}"`)
}

function check<Output>(schema: z.ZodType<Output>, chosen: unknown, whose: string): Output {
  const checked = schema.safeParse(chosen)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new RangeError(`the setting ${issue?.path.join('.')} of ${whose} ${issue?.message}`)
}

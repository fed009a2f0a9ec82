import * as z from 'zod'

const throttle = z.strictObject({ perSecond: z.number().positive(), burst: z.int().positive() })

const settings = z.strictObject({
  stage: z.enum(['dev', 'staging', 'production']),
  /** Hosts that belong to no tenant; there a header names the tenant. API Gateway's own endpoint is always one. */
  sharedDomains: z.array(z.string().min(1)).min(1),
  /** The server that the placements' databases are on: Aurora Serverless v2, or one RDS instance for a thrifty stage. */
  database: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('instance'),
      instanceClass: z.string(),
      storageGiB: z.int().min(20),
      multiAz: z.boolean(),
    }),
    z.strictObject({
      kind: z.literal('aurora'),
      /** Aurora capacity units; 0 lets it pause while nobody is connected. */
      minCapacity: z.number().min(0).max(256),
      maxCapacity: z.number().min(1).max(256),
      /** Readers, which take over when the writer's zone fails. */
      readers: z.int().min(0).max(15),
    }),
  ]),
  /** Days that backups are kept, and so the time that a database can be set back to. */
  backupDays: z.int().min(1).max(35),
  /** Whether the database refuses to be deleted, by mistake or with its stack. */
  deletionProtection: z.boolean(),
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
        database: z.string().regex(/^[a-z][a-z0-9_]{0,49}$/),
      }),
    )
    .min(1)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have names of their own')
    .refine(
      (all) => new Set(all.map(({ database }) => database)).size === all.length,
      'must have databases of their own',
    ),
  /** When a function replaces a connection: a backend's memory grows with the tenants that it has touched. */
  connection: z.strictObject({ tenants: z.int().min(1), minutes: z.number().positive() }),
  function: z.strictObject({
    memoryMiB: z.int().min(128).max(10_240),
    /** HTTP APIs give up after 30 s, whatever stands here. */
    timeoutSeconds: z.int().min(1).max(29),
  }),
  /** Hours that the answer to a request with an Idempotency-Key is kept. */
  idempotencyHours: z.number().positive().max(720),
  /** Days that logs are kept. */
  logRetentionDays: z.union([z.literal(7), z.literal(30), z.literal(365)]),
})

export type Settings = z.output<typeof settings>

type Chosen = z.input<typeof settings>

const common = {
  sharedDomains: ['localhost'],
  placements: [{ name: 'main', database: 'atrium_main' }],
  connection: { tenants: 250, minutes: 15 },
  function: { memoryMiB: 512, timeoutSeconds: 15 },
  idempotencyHours: 24,
  rotationDays: 30,
  routeThrottle: {},
} satisfies Partial<Chosen>

/** What staging rehearses and production runs. */
const serious = {
  ...common,
  database: { kind: 'aurora', minCapacity: 1, maxCapacity: 16, readers: 1 },
  backupDays: 35,
  deletionProtection: true,
  throttle: { perSecond: 1_000, burst: 2_000 },
  logRetentionDays: 365,
} satisfies Partial<Chosen>

const stages: Readonly<Record<string, Chosen>> = {
  dev: {
    ...common,
    stage: 'dev',
    database: { kind: 'instance', instanceClass: 't4g.micro', storageGiB: 20, multiAz: false },
    backupDays: 7,
    deletionProtection: false,
    throttle: { perSecond: 50, burst: 100 },
    logRetentionDays: 7,
  },
  staging: { ...serious, stage: 'staging', backupDays: 7, deletionProtection: false },
  production: { ...serious, stage: 'production' },
}

/** The settings of a stage. Throws a RangeError, naming what can be chosen, for one that has none. */
export function readSettings(stage: string): Settings {
  const chosen = Object.hasOwn(stages, stage) ? stages[stage] : undefined
  if (chosen !== undefined) return checkSettings(chosen)
  throw new RangeError(
    `there are no settings for the stage "${stage}": choose one of ${Object.keys(stages).join(', ')} with -c stage=…`,
  )
}

/** Checks a stage's settings. Throws a RangeError with one line on the first that is wrong. */
export function checkSettings(chosen: Chosen): Settings {
  const checked = settings.safeParse(chosen)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new RangeError(`the setting ${issue?.path.join('.')} of the stage "${chosen.stage}" ${issue?.message}`)
}

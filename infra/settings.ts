import {
  type ChosenSettings,
  checkGitHub,
  checkPipeline,
  checkSettings,
  type GitHubSettings,
  type PipelineSettings,
  type Settings,
} from './settings-schema.ts'

export type { Settings } from './settings-schema.ts'

// Each setting is explained in settings-schema.ts, and where it is used here by the editor.

const common = {
  sharedDomains: ['localhost'],
  corsOrigins: [],
  vanityDomains: { resolvers: ['1.1.1.1', '8.8.8.8', '9.9.9.9'], strayDays: 7, distribution: null },
  placements: [{ name: 'main', database: 'atrium_main' }],
  connection: { tenants: 600, minutes: 15, named: false },
  function: { memoryMiB: 512, timeoutSeconds: 15 },
  idempotencyHours: 24,
  rotationDays: 30,
  // What the page of the API is made of is large, and anybody's.
  routeThrottle: { 'GET /docs/{page}': { perSecond: 10, burst: 20 } },
  alarmEmail: null,
} satisfies Partial<ChosenSettings>

/** What staging rehearses and production runs. */
const serious = {
  ...common,
  servers: {
    main: { kind: 'aurora', version: '18.4', minCapacity: 1, maxCapacity: 16, readers: 1, maxConnections: 2_000 },
  },
  proxy: { connectionPercent: 70 },
  concurrency: { application: 50, control: 3, functions: { docs: 5, health: 5, preflight: 10 } },
  canary: { percent: 10, minutes: 5 },
  throttle: { perSecond: 1_000, burst: 2_000 },
  tracing: true,
} satisfies Partial<ChosenSettings>

const stages: Readonly<Record<string, ChosenSettings>> = {
  dev: {
    ...common,
    stage: 'dev',
    servers: {
      main: {
        kind: 'instance',
        version: '18.3',
        instanceClass: 't4g.micro',
        storageGiB: 20,
        multiAz: false,
        maxConnections: 100,
      },
    },
    proxy: null,
    // Nothing stands between the functions and the server.
    connection: { ...common.connection, named: true },
    backupDays: 7,
    deletionProtection: false,
    removal: 'destroy',
    throttle: { perSecond: 50, burst: 100 },
    concurrency: null,
    canary: null,
    logRetentionDays: 7,
    tracing: false,
  },
  staging: {
    ...serious,
    stage: 'staging',
    domains: { base: 'api.staging.example.com', zone: { id: 'Z0EXAMPLE', name: 'example.com' } },
    backupDays: 7,
    deletionProtection: false,
    removal: 'destroy',
    logRetentionDays: 30,
  },
  production: {
    ...serious,
    stage: 'production',
    domains: { base: 'api.example.com', zone: { id: 'Z0EXAMPLE', name: 'example.com' } },
    backupDays: 35,
    deletionProtection: true,
    removal: 'snapshot',
    logRetentionDays: 365,
  },
}

/** What takes commits to staging and production: `-c stage=pipeline`. */
export function readPipeline(): PipelineSettings {
  return checkPipeline({
    repository: 'your-company/atrium',
    branch: 'main',
    connectionArn: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/00000000-0000-0000-0000-000000000000',
  })
}

/** Who may deploy a stage from GitHub Actions instead: `-c stage=github -c environment=staging`, to the stage's account. */
export function readGitHub(environment: string): GitHubSettings {
  return checkGitHub({ repository: 'your-company/atrium', environment: environment as GitHubSettings['environment'] })
}

/** The settings of a stage. Throws a RangeError, naming what can be chosen, for one that has none. */
export function readSettings(stage: string): Settings {
  const chosen = Object.hasOwn(stages, stage) ? stages[stage] : undefined
  if (chosen !== undefined) return checkSettings(chosen)
  throw new RangeError(
    `there are no settings for the stage "${stage}": choose one of ${Object.keys(stages).join(', ')} with -c stage=…`,
  )
}

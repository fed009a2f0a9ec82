import * as z from 'zod'

const settings = z.strictObject({
  stage: z.enum(['dev', 'staging', 'production']),
  /** Hosts that belong to no tenant; there a header names the tenant. API Gateway's own endpoint is always one. */
  sharedDomains: z.array(z.string().min(1)).min(1),
  /** The first placement: the name of its database, and the size of its server. */
  database: z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]{0,49}$/),
    instanceClass: z.string(),
    storageGiB: z.int().min(20),
  }),
  function: z.strictObject({
    memoryMiB: z.int().min(128).max(10_240),
    /** HTTP APIs give up after 30 s, whatever stands here. */
    timeoutSeconds: z.int().min(1).max(29),
  }),
  /** Days that logs are kept. */
  logRetentionDays: z.union([z.literal(7), z.literal(30), z.literal(365)]),
})

export type Settings = z.output<typeof settings>

const stages: Readonly<Record<string, z.input<typeof settings>>> = {
  dev: {
    stage: 'dev',
    sharedDomains: ['localhost'],
    database: { name: 'atrium_main', instanceClass: 't4g.micro', storageGiB: 20 },
    function: { memoryMiB: 512, timeoutSeconds: 15 },
    logRetentionDays: 7,
  },
}

/**
 * The settings of a stage. Throws, naming what can be chosen: until callers are authenticated there is only `dev`,
 * since any other stage would put an open API before real tenants.
 */
export function readSettings(stage: string): Settings {
  const chosen = Object.hasOwn(stages, stage) ? stages[stage] : undefined
  if (chosen !== undefined) return settings.parse(chosen)
  const known = settings.shape.stage.options.includes(stage as Settings['stage'])
  throw new RangeError(
    known
      ? `the stage "${stage}" cannot be deployed: the API does not authenticate its callers yet, so only "dev" may be open`
      : `there is no stage "${stage}": choose one with -c stage=dev`,
  )
}

import * as z from 'zod'

/** A snapshot that the server begins with, as its ARN: it stays here for as long as the server does. */
const snapshot = z.string().startsWith('arn:', 'must be the ARN of a snapshot').optional()

/**
 * PostgreSQL's, as RDS has it: 16 or newer. The tests run on 18. Where there is a proxy, one that RDS Proxy takes in the region
 * (user guide, supported Regions and engines).
 */
const version = z.string().regex(/^(?:1[6-9]|[2-9]\d)\.\d+$/, 'must be a version such as 18.4, of 16 or newer')

/** A server that placements' databases are on: Aurora Serverless v2, or one RDS instance for a thrifty stage. */
export const server = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('instance'),
    version,
    /** Without the `db.` before it: `t4g.micro`. */
    instanceClass: z
      .string()
      .regex(/^(?!db\.)[a-z]\w+\.\w+$/, 'must be a class such as t4g.micro, without db. before it'),
    storageGiB: z.int().min(20),
    multiAz: z.boolean(),
    /** PostgreSQL's setting. RDS would take a connection for each 9,531,392 bytes of memory: 112 with 1 GiB. */
    maxConnections: z.int().min(20).max(5_000),
    snapshot,
  }),
  z
    .strictObject({
      kind: z.literal('aurora'),
      version,
      /** Aurora capacity units, of 2 GiB each. 0 pauses nothing: the worker asks for what is due once a minute. */
      minCapacity: z.number().min(0).max(256).multipleOf(0.5),
      maxCapacity: z.number().min(1).max(256).multipleOf(0.5),
      /** Readers, which take over when the writer's zone fails. */
      readers: z.int().min(0).max(15),
      /** PostgreSQL's setting, no more than the capacity has memory for. */
      maxConnections: z.int().min(20).max(5_000),
      snapshot,
    })
    .superRefine(({ minCapacity, maxCapacity, maxConnections }, issues) => {
      if (minCapacity > maxCapacity) {
        issues.addIssue({ code: 'custom', path: ['minCapacity'], message: `is above maxCapacity, ${maxCapacity}` })
      }
      const most = mostConnections(minCapacity, maxCapacity)
      if (maxConnections <= most) return
      const message = `is more than the ${most} that Aurora takes with ${minCapacity} to ${maxCapacity} units`
      issues.addIssue({ code: 'custom', path: ['maxConnections'], message })
    }),
])

/** Capacity units, and the connections that Aurora takes with so many and more. */
const connectionsByCapacity = new Map([
  [32, 5_000],
  [16, 3_360],
  [8, 1_669],
  [4, 823],
  [1, 189],
])

/**
 * What Aurora Serverless v2 allows by itself: by the largest capacity, and 2,000 at most where the smallest is below 1 (Aurora
 * user guide, "Maximum connections for Aurora Serverless v2").
 */
function mostConnections(minCapacity: number, maxCapacity: number): number {
  const byMemory = [...connectionsByCapacity].find(([units]) => maxCapacity >= units)?.[1] ?? 0
  return minCapacity < 1 ? Math.min(byMemory, 2_000) : byMemory
}

export type Server = z.output<typeof server>

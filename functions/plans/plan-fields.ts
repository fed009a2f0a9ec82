import * as z from 'zod'

export const planName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,38}$/, 'must be 1 to 39 lower-case letters, digits and hyphens, a letter first')

const limit = (schema: z.ZodNumber) => schema.nullable().optional()

/** What may be said of a plan: null lifts a limit, and what is not given stays. */
export const planLimits = {
  requests_per_second: limit(z.number().min(0.01).max(100_000)),
  burst: limit(z.int().min(1).max(1_000_000)),
  statement_ms: limit(z.int().min(10).max(29_000)),
  /** Above 200 no page goes anyway. */
  page_size: limit(z.int().min(1).max(200)),
  row_limit: limit(z.int().min(1)),
  storage_bytes: limit(z.int().min(1)),
}

import * as z from 'zod'
import { planMigration } from '../../shared/control/fleet/plan-migration.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'

const slugs = z
  .string()
  .transform((text) => text.split(','))
  .optional()

export const getPlanRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({
    to: z
      .string()
      .regex(/^[1-9]\d{0,3}$/, 'must be a version')
      .transform(Number)
      .optional(),
    /** Separated by commas. */
    tenants: slugs,
    canaries: slugs,
  }),
})

/** What a migration run would do, with a rehearsal by the canaries that is rolled back. */
export const getPlan = operatorEndpoint({
  request: getPlanRequest,
  handle: async ({ control }, { query }) =>
    ok(
      await planMigration(control, await readMigrations('tenant'), {
        ...{ to: query.to ?? null, tenants: query.tenants ?? null, canaries: query.canaries ?? null },
      }),
    ),
})

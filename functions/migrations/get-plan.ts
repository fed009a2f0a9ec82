import * as z from 'zod'
import { planMigration } from '../../shared/control/fleet/fleet-status.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'

export const getPlanRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({
    to: z
      .string()
      .regex(/^[1-9]\d{0,3}$/, 'must be a version')
      .transform(Number)
      .optional(),
  }),
})

/** What a migration run would do. */
export const getPlan = operatorEndpoint({
  request: getPlanRequest,
  handle: async ({ control }, { query }) =>
    ok(await planMigration(control, await readMigrations('tenant'), query.to ?? null)),
})

import * as z from 'zod'
import { migrateOperation } from '../../shared/control/fleet/migrate-operation.ts'
import { startOperation } from '../../shared/control/operations.ts'
import { accepted } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'

const slugs = z.array(z.string()).min(1).max(10_000)

export const startMigrationRequest = z.strictObject({
  path: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    tenants: slugs.nullable().default(null),
    canaries: slugs.nullable().default(null),
    to: z.int().min(1).nullable().default(null),
    failure_threshold: z.number().min(0).max(1).default(0.01),
  }),
})

/** 202 with the migration run; 409 while another is under way. */
export const startMigration = operatorEndpoint({
  request: startMigrationRequest,
  async handle({ control, operator }, { body: { failure_threshold, ...run } }) {
    const input = { ...run, failureThreshold: failure_threshold }
    const operation = await startOperation(control, migrateOperation, { input, tenant: null, operator })
    return accepted(`/operations/${operation.id}`, operation)
  },
})

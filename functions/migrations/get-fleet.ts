import * as z from 'zod'
import { readFleetStatus } from '../../shared/control/fleet/fleet-status.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'

export const getFleetRequest = z.strictObject({ path: z.strictObject({}), query: z.strictObject({}) })

export const getFleet = operatorEndpoint({
  request: getFleetRequest,
  handle: async ({ control }) => ok(await readFleetStatus(control, await readMigrations('tenant'))),
})

import * as z from 'zod'
import { purgeTenant } from './delete-tenant.ts'
import type { OperationKind } from './operation.ts'

const input = z.object({ slug: z.string() })
const position = z.object({})

/** Removes a deleted tenant for good. */
export const purgeOperation: OperationKind<z.output<typeof input>, z.output<typeof position>> = {
  kind: 'purge',
  input,
  position,
  start: {},
  cancellable: false,
  async step(control, { slug }) {
    await purgeTenant(control, slug)
    return { position: {}, done: 1, total: 1, result: { purged: slug } }
  },
}

import * as z from 'zod'
import { purgeTenant } from './delete-tenant.ts'
import type { OperationKind } from './operation.ts'

/** The tenant by its id, since its slug may be another's by the time that a worker goes on. */
const input = z.object({ slug: z.string(), id: z.string() })
const position = z.object({})

/** Removes a deleted tenant for good. */
export const purgeOperation: OperationKind<z.output<typeof input>, z.output<typeof position>> = {
  kind: 'purge',
  input,
  position,
  start: {},
  cancellable: false,
  async step(control, { slug, id }) {
    const left = await purgeTenant(control, id)
    // CloudFront takes minutes for it.
    if (left > 0) return { position: {}, done: 0, total: 1, wait: 5_000 }
    return { position: {}, done: 1, total: 1, result: { purged: slug } }
  },
}

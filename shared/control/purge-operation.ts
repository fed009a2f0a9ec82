import * as z from 'zod'
import { purgeTenant } from './delete-tenant.ts'
import { findTenant } from './list-tenants.ts'
import type { OperationKind } from './operation.ts'

const input = z.object({
  slug: z.string(),
  /** The slug may be another's by the time that a worker goes on. Code before this one kept no id. */
  id: z.string().optional(),
})
const position = z.object({})

/** Removes a deleted tenant for good. */
export const purgeOperation: OperationKind<z.output<typeof input>, z.output<typeof position>> = {
  kind: 'purge',
  input,
  position,
  start: {},
  cancellable: false,
  async step(control, { slug, id }) {
    const purged = id ?? (await findTenant(control, slug))?.id
    const left = purged === undefined ? 0 : await purgeTenant(control, purged)
    // CloudFront takes minutes for it.
    if (left > 0) return { position: {}, done: 0, total: 1, wait: 5_000 }
    return { position: {}, done: 1, total: 1, result: { purged: slug } }
  },
}

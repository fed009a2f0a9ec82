import * as z from 'zod'
import { AppError } from '../errors.ts'
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
    const left = await purgeTenant(control, slug).catch((error) => {
      // A worker that died after the last row was gone had done it all.
      if (!(error instanceof AppError && error.code === 'tenant_unknown')) throw error
      return 0
    })
    // CloudFront takes minutes for it.
    if (left > 0) return { position: {}, done: 0, total: 1, wait: 5_000 }
    return { position: {}, done: 1, total: 1, result: { purged: slug } }
  },
}

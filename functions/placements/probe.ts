import * as z from 'zod'
import { probePools } from '../../shared/db/application-pools.ts'
import { refOf } from '../../shared/tenancy/catalog-queries.ts'
import { proveSeparation, type SeparationProof } from '../../shared/tenancy/prove-separation.ts'

const schema = z.string().regex(/^t_[a-z0-9_]{1,61}$/)
const probeRequest = z.strictObject({
  placement: z.string().regex(/^[a-z][a-z0-9-]{0,38}$/),
  schemas: z.tuple([schema, schema]),
})

/**
 * Tries to mix up two tenants of a placement with the application plane's login and over its pooler, for `atrium doctor`:
 * the control plane's functions hold another login. Serves no request.
 */
export async function handler(event: unknown): Promise<SeparationProof> {
  const { placement, schemas } = probeRequest.parse(event)
  const pools = probePools()
  try {
    return await proveSeparation(pools, refOf(placement, schemas[0]), refOf(placement, schemas[1]))
  } finally {
    await pools.end()
  }
}

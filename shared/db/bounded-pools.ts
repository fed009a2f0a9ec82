import type { Deadline } from '../deadline.ts'
import type { Pools } from './pools.ts'

/** The same pools for one request: what its work asks of them is given up at the deadline, as `withClient` gives up. */
export function boundPools(pools: Pools, deadline: Deadline): Pools {
  return {
    ...pools,
    withClient: (placement, access, work, use = {}) =>
      pools.withClient(placement, access, work, { ...use, deadline: Math.min(deadline, use.deadline ?? deadline) }),
  }
}

import type { Pools } from '../db/pools.ts'

/** What the control plane works with: pools of its own logins, and the placement that holds the catalog. */
export interface ControlPlane {
  readonly pools: Pools
  readonly catalog: string
}

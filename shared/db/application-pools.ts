import { readEnvironment } from '../environment.ts'
import { createCredentialsReader } from './credentials.ts'
import { createPools, type Pools } from './pools.ts'

/** A login's secret, named alike on AWS and locally. */
export function secretName(stage: string, placement: string, login: 'api' | 'control'): string {
  return `atrium/${stage}/${placement}/${login}`
}

let pools: Pools | undefined

/** This function instance's pools, with the login that its environment names; made on first use. */
export function applicationPools(): Pools {
  if (pools === undefined) {
    const { ATRIUM_STAGE, ATRIUM_LOGIN } = readEnvironment()
    const secretId = (placement: string) => secretName(ATRIUM_STAGE, placement, ATRIUM_LOGIN)
    // The control plane works on several tenants at once; a tenant's request needs one connection.
    const size = ATRIUM_LOGIN === 'control' ? 4 : 1
    pools = createPools({ credentials: createCredentialsReader({ secretId }), size })
  }
  return pools
}

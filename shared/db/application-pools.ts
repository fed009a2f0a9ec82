import { poolSize } from '../connection-budget.ts'
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
  pools ??= openPools(poolSize[readEnvironment().ATRIUM_LOGIN])
  return pools
}

/**
 * Begins to read the catalog's login while the instance starts, where Lambda, or the local gateway in its place, loads the code:
 * the first request finds it there, or on its way. A failure is the request's to find: it asks again.
 */
export function readLoginEarly(): void {
  if (process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) applicationPools().prepare(readEnvironment().ATRIUM_CATALOG)
}

/** Pools for one probe, with several connections for tenants to be mixed up on. For the caller to end. */
export function probePools(): Pools {
  return openPools(4)
}

function openPools(size: number): Pools {
  const { ATRIUM_STAGE, ATRIUM_LOGIN, CONNECTION_TENANTS, CONNECTION_MINUTES, CONNECTION_NAMED, PROXY_HOSTS } =
    readEnvironment()
  const recycling = { tenants: CONNECTION_TENANTS, age: CONNECTION_MINUTES * 60_000 }
  const secretId = (placement: string) => secretName(ATRIUM_STAGE, placement, ATRIUM_LOGIN)
  const credentials = createCredentialsReader({ secretId, hostOf: (placement) => PROXY_HOSTS[placement] })
  return createPools({ credentials, size, recycling, named: CONNECTION_NAMED })
}

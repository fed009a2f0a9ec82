import type pg from 'pg'
import { createPools, type Pools } from '../../shared/db/pools.ts'

/** Pools on one database with given credentials, without a secret in between. */
export function createDirectPools(
  config: pg.ClientConfig,
  overrides: { port?: number; size?: number; named?: boolean } = {},
): Pools {
  const credentials = {
    host: String(config.host),
    port: overrides.port ?? Number(config.port),
    dbname: String(config.database),
    username: String(config.user),
    password: String(config.password),
    ssl: false,
  }
  return createPools({
    credentials: { read: async () => credentials, forget: () => undefined },
    size: overrides.size ?? 1,
    named: overrides.named ?? false,
  })
}

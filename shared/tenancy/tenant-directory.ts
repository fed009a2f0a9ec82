import { createAgedCache } from '../aged-cache.ts'
import { AppError } from '../errors.ts'
import { log } from '../logger.ts'
import { createSingleFlight } from '../single-flight.ts'
import { type Tenant, type TenantName, tenantNameKey } from './tenant.ts'

export interface TenantDirectory {
  /** The tenant of that name, or undefined. Throws `unavailable` when it must be asked for and the catalog is away. */
  find(name: TenantName): Promise<Tenant | undefined>
  /** Puts what was learnt of a tenant in the place of what is remembered of it. */
  replace(tenant: Tenant): void
  /** Drops every entry of a tenant that turned out to be stale. */
  forget(tenant: Tenant): void
}

const second = 1_000
const ages = { hit: 10 * second, miss: 1 * second, stale: 5 * 60 * second }
const outage = 'catalog'
const sizes = { hits: 10_000, misses: 1_000 }

/**
 * Remembers what the catalog said: active tenants for 10 s (others 1 s), or up to 5 minutes while the catalog cannot be reached, and
 * misses for 1 s in a small cache of their own, so that a flood of made-up names drives out no tenant. Those who ask
 * for one name at the same time share one query.
 */
export function createTenantDirectory(
  lookUp: (name: TenantName) => Promise<Tenant | undefined>,
  now: () => number = () => Date.now(),
): TenantDirectory {
  const hits = createAgedCache<Tenant>({ maxAge: ages.hit, maxEntries: sizes.hits, now })
  const misses = createAgedCache<true>({ maxAge: ages.miss, maxEntries: sizes.misses, now })
  const outages = createAgedCache<true>({ maxAge: ages.miss, maxEntries: 1, now })
  const once = createSingleFlight<Tenant | undefined>()

  const ask = async (name: TenantName, key: string): Promise<Tenant | undefined> => {
    try {
      const tenant = await lookUp(name)
      if (tenant === undefined) {
        hits.delete(key)
        misses.set(key, true)
      } else {
        hits.set(key, tenant)
      }
      return tenant
    } catch (error) {
      const known = hits.getWithin(key, ages.stale)
      if (known === undefined || !(error instanceof AppError && error.code === 'unavailable')) throw error
      outages.set(outage, true)
      log.warn('catalog out of reach, serving a tenant record from memory', { tenant: known.slug })
      return known
    }
  }

  return {
    async find(name) {
      const key = tenantNameKey(name)
      const cached = hits.get(key)
      // Whoever waits for a tenant to be resumed or ready need not wait for a cache as well.
      const known = cached === undefined || cached.status === 'active' ? cached : hits.getWithin(key, ages.miss)
      if (known !== undefined || misses.get(key)) return known
      // While the catalog is known to be away, a request does not wait for it to be away again.
      const stale = outages.get(outage) ? hits.getWithin(key, ages.stale) : undefined
      if (stale !== undefined) return stale
      return once(key, () => ask(name, key))
    },
    replace: (tenant) => hits.replaceWhere((entry) => entry.id === tenant.id, tenant),
    forget: (tenant) => hits.deleteWhere((entry) => entry.id === tenant.id),
  }
}

import { expect } from 'vitest'
import type { Pools } from '../../shared/db/pools.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import type { TestStage } from './stage.ts'

/** What came of many transactions of several tenants on shared connections. */
export interface Interleaved {
  readonly transactions: number
  /** Rows that were read, and those of them that were another tenant's. */
  readonly rows: number
  readonly wrong: number
  /** Writes that were acknowledged, by slug. */
  readonly written: ReadonlyMap<string, number>
  /** How many backends served more than one tenant. */
  readonly sharedBackends: number
}

const atOnce = 16

/**
 * Runs transactions of the tenants in turn, sixteen under way at once: single reads and writes, transactions of several
 * statements, and some that fail half way. Each tenant's products are named by its slug, so that a wrong row tells itself.
 */
export async function interleave(pools: Pools, tenants: readonly Tenant[], transactions: number): Promise<Interleaved> {
  const written = new Map(tenants.map(({ slug }) => [slug, 0]))
  const served = new Map<number, Set<string>>()
  let rows = 0
  let wrong = 0
  let next = 0

  const see = (slug: string, found: readonly { name: string; pid: number }[]) => {
    rows += found.length
    wrong += found.filter(({ name }) => name !== slug).length
    for (const { pid } of found) served.set(pid, (served.get(pid) ?? new Set()).add(slug))
  }
  const list = 'SELECT name, pg_backend_pid() AS pid FROM products ORDER BY id LIMIT 5'
  const insert = 'INSERT INTO products (name, price) VALUES ($1, 1) RETURNING name, pg_backend_pid() AS pid'

  const one = async (at: number): Promise<void> => {
    const tenant = tenants[(at * 7 + Math.floor(at / tenants.length)) % tenants.length]
    if (tenant === undefined) throw new Error('there are no tenants')
    const { slug, ref } = tenant
    const db = openTenantDatabase(pools, ref)
    const count = () => written.set(slug, (written.get(slug) ?? 0) + 1)
    switch (at % 10) {
      case 0:
        see(slug, await db.write(insert, [slug]))
        count()
        return
      case 3:
        await db.withTransaction({}, async (inside) => {
          see(slug, await inside.read(list, []))
          see(slug, await inside.write(insert, [slug]))
          see(slug, await inside.read(list, []))
        })
        count()
        return
      case 6:
        await db
          .withTransaction({}, async (inside) => {
            see(slug, await inside.write(insert, [slug]))
            await inside.read('SELECT 1 / $1::integer', [0])
          })
          .catch(() => undefined)
        return
      default:
        see(slug, await db.read(list, []))
    }
  }

  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let at = next++; at < transactions; at = next++) await one(at)
    }),
  )
  return {
    ...{ transactions, rows, wrong, written },
    sharedBackends: [...served.values()].filter((slugs) => slugs.size > 1).length,
  }
}

/** What is stored of each tenant: nothing but its own rows, and as many as were acknowledged. Throws what differs. */
export async function requireOwnRows(
  stage: TestStage,
  tenants: readonly Tenant[],
  { written }: Interleaved,
): Promise<void> {
  for (const { slug } of tenants) {
    const { rows } = await stage.inSchemaOf(slug, (client) =>
      client.query('SELECT name, count(*)::int AS n FROM products GROUP BY name'),
    )
    expect(rows).toEqual([{ name: slug, n: written.get(slug) }])
  }
}

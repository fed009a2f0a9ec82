import { quoteIdentifier } from '../db/identifiers.ts'
import type { Pools } from '../db/pools.ts'
import { sqlState, sqlStateOf } from '../db/sql-states.ts'
import { openTenantDatabase, type TenantDatabase } from '../db/tenant-database.ts'
import type { TenantRef } from '../db/tenant-ref.ts'

/** What came of trying to mix up two tenants. */
export interface SeparationProof {
  readonly transactions: number
  /** Backends that worked for both: without one nothing was tried. */
  readonly sharedBackends: number
  /** What was seen that must not be, in words; the first twenty. */
  readonly breaches: readonly string[]
}

interface Seen {
  readonly backend: number
  readonly role: string
  readonly path: string
  /** The schema that a bare table name means. */
  readonly owner: string | null
}

const rounds = 50
/** Pipelines at once; with the pool's connections this makes tenants share backends. */
const atOnce = 8
const mostTold = 20

const lookAround = `SELECT pg_backend_pid() AS backend, current_user::text AS role, current_setting('search_path') AS path,
  (SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.oid = to_regclass(quote_ident($1))) AS owner`

const firstTable = `SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY 1 LIMIT 1`

/**
 * Tries to mix up two tenants of one placement, over whatever pooler the login's secret leads to: reads, transactions that
 * fail half way, and looks into the other's table, interleaved over the pools' connections. No row is read or written.
 * Throws `unavailable` when the database is out of reach.
 */
export async function proveSeparation(pools: Pools, a: TenantRef, b: TenantRef): Promise<SeparationProof> {
  const breaches: string[] = []
  const served = new Map<number, Set<string>>()
  let transactions = 0

  const [table] = await openTenantDatabase(pools, a).read<{ name: string }>(firstTable, [a.schema])

  const look = async (tenant: TenantRef, db: Pick<TenantDatabase, 'read'>): Promise<void> => {
    const [seen] = await db.read<Seen>(lookAround, [table?.name ?? ''])
    if (seen === undefined) throw new Error('SELECT answered no row')
    served.set(seen.backend, (served.get(seen.backend) ?? new Set()).add(tenant.schema))
    const expected = { role: tenant.schema, path: `${tenant.schema}, pg_temp`, owner: table ? tenant.schema : null }
    for (const name of ['role', 'path', 'owner'] as const) {
      if (seen[name] === expected[name]) continue
      breaches.push(`for ${tenant.schema} the ${name} was ${seen[name]}, on backend ${seen.backend}`)
    }
  }

  const fail = async (tenant: TenantRef): Promise<void> => {
    await openTenantDatabase(pools, tenant)
      .withTransaction({}, async (db) => {
        await look(tenant, db)
        await db.write('SELECT 1 / $1::integer', [0])
      })
      .catch((error) => {
        if (sqlStateOf(error) !== '22012') throw error
      })
  }

  const trespass = async (tenant: TenantRef, other: TenantRef): Promise<void> => {
    if (table === undefined) return
    const foreign = `${quoteIdentifier(other.schema)}.${quoteIdentifier(table.name)}`
    try {
      await openTenantDatabase(pools, tenant).read(`SELECT FROM ${foreign} LIMIT 0`, [])
      breaches.push(`${tenant.schema} could read ${other.schema}.${table.name}`)
    } catch (error) {
      if (sqlStateOf(error) !== sqlState.insufficientPrivilege) throw error
    }
  }

  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(
      Array.from({ length: atOnce }, async (_, at) => {
        const [tenant, other] = (round + at) % 2 === 0 ? [a, b] : [b, a]
        transactions += 1
        if (at % 4 === 2) await fail(tenant)
        else if (at % 4 === 3) await trespass(tenant, other)
        else await look(tenant, openTenantDatabase(pools, tenant))
      }),
    )
  }
  return {
    transactions,
    sharedBackends: [...served.values()].filter((schemas) => schemas.size > 1).length,
    breaches: breaches.slice(0, mostTold),
  }
}

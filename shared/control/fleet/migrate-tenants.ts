import type pg from 'pg'
import { allDone } from '../../all-done.ts'
import { checksumOf, type Migration } from '../../db/migrations.ts'
import { onlyRow } from '../../db/only-row.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import type { Pools } from '../../db/pools.ts'
import { databaseErrorOf, sqlState } from '../../db/sql-states.ts'
import { applyOutsideTransaction } from './outside-transaction.ts'
import { withOwnerSettings } from './owner-settings.ts'

/** A tenant's schema, and the version that it is on. */
export interface TenantToMigrate {
  readonly tenantId: string
  readonly schema: string
}

/** What became of one tenant: `failed` may be tried again. */
export type MigrationOutcome =
  | { readonly result: 'migrated' | 'already current'; readonly version: number }
  | { readonly result: 'failed'; readonly sqlState: string; readonly error: string }

export interface MigrateOptions {
  readonly migrations: readonly Migration[]
  /** The version to come to. */
  readonly to: number
  /** Milliseconds that a tenant's change may wait for a lock: short at first, since whoever waits makes others wait. */
  readonly lockTimeout: number
  /** Makes the change up to the first statement that cannot be in a transaction, and rolls it back. */
  readonly rehearse?: boolean
  /** By `performance.now()`: who was not begun then has no outcome. */
  readonly until?: number
  /** Connections to the placement; two keep its server busy. */
  readonly connections?: number
}

/** What a rehearsal ends its transaction with, in `atrium.change_tenants`. */
const rehearsed = 'AT003'

/** Milliseconds of a tenant's change (squawk's advice for a statement); CREATE INDEX CONCURRENTLY has no limit. */
const changeTimeout = 5_000
/** Milliseconds after which a call begins no further tenant. */
const callTime = 250
/** Tenants in a call. */
const atOnce = 100
/** To open a connection takes as long as to change so many. */
const fewTenants = 20

/**
 * Migrates tenants of one placement, each in a transaction of its own: nobody's lock outlives his own change, and a failure
 * stays his own. A call of a procedure takes up to a hundred of them, with asynchronous commits, which is as fast as batches
 * of 50 without any record. A crash loses a change and its version record together; a call ends with a synchronous
 * commit, and with it all before.
 */
export async function migrateTenants(
  pools: Pools,
  placement: string,
  tenants: readonly TenantToMigrate[],
  options: MigrateOptions,
): Promise<Map<string, MigrationOutcome>> {
  const outcomes = new Map<string, MigrationOutcome>()
  const versions = await readVersions(pools, placement, tenants)
  for (const [from, group] of Map.groupBy(tenants, ({ schema }) => versions.get(schema))) {
    const settle = (settled: readonly TenantToMigrate[], outcome: MigrationOutcome) => {
      for (const { tenantId } of settled) outcomes.set(tenantId, outcome)
    }
    if (from === undefined) {
      settle(group, { result: 'failed', sqlState: 'AT002', error: 'the placement has no such schema' })
    } else if (from >= options.to) {
      settle(group, { result: 'already current', version: from })
    } else {
      let left: readonly TenantToMigrate[] = group
      for (const part of split(options.migrations, from, options.to)) {
        if (options.rehearse && !part.transactional) break
        const states = await applyPart(pools, placement, left, part, options)
        for (const [tenant, failure] of states) if (failure !== null) settle([tenant], { result: 'failed', ...failure })
        left = left.filter((tenant) => states.get(tenant) === null)
      }
      settle(left, { result: 'migrated', version: options.to })
    }
  }
  return outcomes
}

/** The truth, for those that are to be migrated now. */
async function readVersions(
  pools: Pools,
  placement: string,
  tenants: readonly TenantToMigrate[],
): Promise<Map<string, number>> {
  const { rows } = await withOwnerTransaction(pools, placement, (client) =>
    client.query<{ schema_name: string; version: number }>(
      'SELECT schema_name, version FROM atrium.tenant_versions WHERE schema_name = ANY ($1)',
      [tenants.map(({ schema }) => schema)],
    ),
  )
  return new Map(rows.map((row) => [row.schema_name, row.version]))
}

/** Migrations that share a transaction, or one that cannot be in any. */
interface Part {
  readonly transactional: boolean
  readonly migrations: readonly Migration[]
  readonly from: number
  readonly to: number
  /** Of all migrations up to its end. */
  readonly checksum: string
}

function split(all: readonly Migration[], from: number, to: number): Part[] {
  const groups: Migration[][] = []
  for (const migration of all.slice(from, to)) {
    const last = groups.at(-1)
    if (migration.transactional && last?.[0]?.transactional) last.push(migration)
    else groups.push([migration])
  }
  let at = from
  return groups.map((migrations) => {
    const begin = at
    at += migrations.length
    const transactional = migrations.every((migration) => migration.transactional)
    return { transactional, migrations, from: begin, to: at, checksum: checksumOf(all.slice(0, at)) }
  })
}

/** Why a change failed; null when it did not. */
type State = { readonly sqlState: string; readonly error: string } | null

/** Brings tenants of one version through a part. Those it did not come to in time have no state. */
async function applyPart(
  pools: Pools,
  placement: string,
  tenants: readonly TenantToMigrate[],
  part: Part,
  options: MigrateOptions,
): Promise<Map<TenantToMigrate, State>> {
  const { connections = 2, until = Number.POSITIVE_INFINITY } = options
  const states = new Map<TenantToMigrate, State>()
  const queue = [...tenants]
  const [change, timeout, most] = part.transactional
    ? [changeTenants, callTime + changeTimeout, Math.min(atOnce, Math.ceil(tenants.length / connections))]
    : [changeOutside, 0, 1]
  const work = (client: pg.ClientBase) =>
    withOwnerSettings(client, timeout, async () => {
      let isFirst = true
      while (queue.length > 0 && (isFirst || performance.now() < until)) {
        isFirst = false
        const taken = queue.splice(0, most)
        const known = await change(client, taken, part, options)
        taken.forEach((tenant, at) => {
          const state = known[at]
          if (state === undefined) queue.push(tenant)
          else states.set(tenant, state)
        })
      }
    })
  const workers = Math.min(connections, Math.ceil(tenants.length / fewTenants))
  // Whoever comes after a failure, to go on, is to find nobody at work.
  await allDone(Array.from({ length: workers }, () => pools.withClient(placement, 'write', work)))
  return states
}

async function changeTenants(
  client: pg.ClientBase,
  tenants: readonly TenantToMigrate[],
  { from, to, checksum, migrations }: Part,
  { lockTimeout, rehearse = false }: MigrateOptions,
): Promise<State[]> {
  const { rows } = await client.query<{ states: string[]; messages: string[] }>(
    `CALL atrium.change_tenants($1, $2, $3, $4, $5, $6, $7, $8, '{}', '{}')`,
    [
      ...[tenants.map(({ schema }) => schema), from, to, checksum],
      ...[migrations.map(({ sql }) => sql).join('\n;\n'), lockTimeout, callTime, rehearse],
    ],
  )
  const { states, messages } = onlyRow(rows)
  return states.map((sqlState, at) =>
    sqlState === '' || (rehearse && sqlState === rehearsed) ? null : { sqlState, error: messages[at] ?? '' },
  )
}

/**
 * How many times longer than for a lock another worker is waited for: what it makes takes longer than what holds a table. With the
 * run's limits that is 1.5 s at first, with the others to go on with, and 30 s when all that is left are such.
 */
const outsidePatience = 30

async function changeOutside(
  client: pg.ClientBase,
  [tenant]: readonly TenantToMigrate[],
  part: Part,
  { lockTimeout }: MigrateOptions,
): Promise<State[]> {
  if (tenant === undefined) return []
  try {
    if (await applyOutsideTransaction(client, tenant.schema, part, outsidePatience * lockTimeout)) return [null]
    return [{ sqlState: sqlState.lockNotAvailable, error: 'another worker is making this change' }]
  } catch (error) {
    const failure = databaseErrorOf(error)
    if (failure?.severity !== 'ERROR') throw error
    return [{ sqlState: failure.code ?? '', error: failure.message }]
  }
}

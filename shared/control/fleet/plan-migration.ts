import type pg from 'pg'
import type { Migration } from '../../db/migrations.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import { requireAllowed } from '../../tenancy/contract-gate.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { requireUnedited } from '../../tenancy/record-tenant-migrations.ts'
import { findOutdated } from './migrate-placements.ts'
import { type MigrationOutcome, migrateTenants } from './migrate-tenants.ts'
import { requireTenants } from './migration-results.ts'
import { correctCopies, readPlacements } from './read-truth.ts'

export interface MigrationPlan {
  readonly to: number
  readonly steps: readonly { readonly version: number; readonly name: string; readonly transactional: boolean }[]
  /** How many tenants would come from each version, and where they are. */
  readonly from: readonly { readonly placement: string; readonly version: number; readonly tenants: number }[]
  readonly tenants: number
  /** The placements whose own schemas would be migrated first; tenants there are not rehearsed. */
  readonly placements: readonly string[]
  /** What became of the canaries' rehearsal, which was rolled back. */
  readonly canaries: readonly {
    readonly slug: string
    readonly result: 'would migrate' | 'failed'
    readonly error?: string
  }[]
  /** From the canaries' time; null when none could be rehearsed. */
  readonly estimate_seconds: number | null
  /** Why a run would be refused as a whole; null when it would not be. */
  readonly refused: string | null
}

interface Candidate {
  readonly tenantId: string
  readonly slug: string
  readonly schema: string
  readonly placement: string
  readonly version: number
}

/** A rehearsal takes the locks of the real thing for a moment; no more tenants than tell what it takes. */
const mostRehearsed = 100
const rehearsedAtOnce = 10
/** Milliseconds. */
const longestRehearsal = 5_000
const lockTimeout = 50

/**
 * What a run would do, without doing it: who would come from where, and how the canaries (those named, or the first
 * hundredth) fare, whose change is made and rolled back. Statements that cannot be in a transaction, and what follows
 * them, are not rehearsed. Throws `invalid_request` for a version that there is not, `tenant_unknown` for a slug.
 */
export async function planMigration(
  control: ControlPlane,
  migrations: readonly Migration[],
  run: {
    readonly to: number | null
    readonly tenants: readonly string[] | null
    readonly canaries: readonly string[] | null
  },
): Promise<MigrationPlan> {
  const to = run.to ?? migrations.length
  if (to > migrations.length) {
    throw new AppError('invalid_request', `There is no version ${to}: the latest is ${migrations.length}.`)
  }
  const truths = await readPlacements(control)
  await correctCopies(control, truths)
  const outdated = await findOutdated(control, truths)
  const { candidates, pending, refused } = await withOwnerTransaction(
    control.pools,
    control.catalog,
    async (client) => {
      await requireTenants(client, [...(run.tenants ?? []), ...(run.canaries ?? [])])
      const candidates = await readCandidates(client, to, run.tenants)
      const oldest = Math.min(to, ...candidates.map(({ version }) => version))
      const pending = migrations.slice(oldest, to)
      return { candidates, pending, refused: await whyRefused(client, migrations, pending) }
    },
  )
  const chosen = chooseCanaries(candidates, run.canaries).filter(({ placement }) => !outdated.includes(placement))
  const { canaries, outcomes, milliseconds } = await rehearse(control, chosen, migrations, to)
  const byPlacement = Map.groupBy(candidates, ({ placement }) => placement)
  // Placements are migrated side by side: the fullest is the last.
  const busiest = Math.max(0, ...[...byPlacement.values()].map(({ length }) => length))
  return {
    to,
    steps: pending.map(({ version, name, transactional }) => ({ version, name, transactional })),
    from: [...byPlacement].flatMap(([placement, group]) =>
      [...Map.groupBy(group, ({ version }) => version)].map(([version, { length: tenants }]) => ({
        ...{ placement, version, tenants },
      })),
    ),
    tenants: candidates.length,
    placements: outdated,
    canaries: canaries.map(({ slug, tenantId }) => {
      const outcome = outcomes.get(tenantId)
      return outcome?.result === 'failed'
        ? { slug, result: 'failed', error: outcome.error }
        : { slug, result: 'would migrate' }
    }),
    estimate_seconds: canaries.length === 0 ? null : Math.ceil(((milliseconds / canaries.length) * busiest) / 1_000),
    refused,
  }
}

async function readCandidates(
  client: pg.ClientBase,
  to: number,
  slugs: readonly string[] | null,
): Promise<Candidate[]> {
  const { rows } = await client.query<Candidate>(
    `SELECT id AS "tenantId", slug, schema_name AS schema, placement, version FROM catalog.tenants
     WHERE version BETWEEN 1 AND $1 - 1 AND ($2::text[] IS NULL OR slug = ANY ($2)) ORDER BY id`,
    [to, slugs],
  )
  return rows
}

async function whyRefused(
  client: pg.ClientBase,
  all: readonly Migration[],
  pending: readonly Migration[],
): Promise<string | null> {
  try {
    await requireUnedited(client, all)
    await requireAllowed(client, pending)
    return null
  } catch (error) {
    if (error instanceof AppError && ['contract_refused', 'migration_edited'].includes(error.code)) return error.message
    throw error
  }
}

function chooseCanaries(candidates: readonly Candidate[], named: readonly string[] | null): readonly Candidate[] {
  const picked =
    named === null
      ? candidates.slice(0, Math.ceil(candidates.length / 100))
      : candidates.filter(({ slug }) => named.includes(slug))
  return picked.slice(0, mostRehearsed)
}

/** Rehearses ten at a time, until time is up: a request that asks for a plan has to be answered. */
async function rehearse(
  control: ControlPlane,
  chosen: readonly Candidate[],
  migrations: readonly Migration[],
  to: number,
): Promise<{ canaries: readonly Candidate[]; outcomes: ReadonlyMap<string, MigrationOutcome>; milliseconds: number }> {
  const began = performance.now()
  const outcomes = new Map<string, MigrationOutcome>()
  const options = { migrations, to, lockTimeout, rehearse: true }
  for (let at = 0; at < chosen.length && performance.now() - began < longestRehearsal; at += rehearsedAtOnce) {
    const groups = Map.groupBy(chosen.slice(at, at + rehearsedAtOnce), ({ placement }) => placement)
    const done = await Promise.all(
      [...groups].map(([placement, group]) => migrateTenants(control.pools, placement, group, options)),
    )
    for (const [tenantId, outcome] of done.flatMap((group) => [...group])) outcomes.set(tenantId, outcome)
  }
  const canaries = chosen.filter(({ tenantId }) => outcomes.has(tenantId))
  return { canaries, outcomes, milliseconds: performance.now() - began }
}

import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { type Migration, readMigrations } from '../../db/migrations.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import { requireAllowed } from '../../tenancy/contract-gate.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { recordTenantMigrations } from '../../tenancy/record-tenant-migrations.ts'
import type { OperationKind, Step } from '../operation.ts'
import { findOutdated, migratePlacements } from './migrate-placements.ts'
import { migrateTenants } from './migrate-tenants.ts'
import { countResults, planRun, readNext, recordOutcomes } from './migration-results.ts'
import { correctCopies, type PlacementTruth, readPlacements } from './read-truth.ts'

const input = z.object({
  /** Slugs; everyone when it is not there. */
  tenants: z.array(z.string()).nullable(),
  /** Slugs that go first; the first hundredth when it is not there. */
  canaries: z.array(z.string()).nullable(),
  /** The version to come to; the latest when it is not there. */
  to: z.int().min(1).nullable(),
  /** The share of tenants that may fail, at least one, before the run is stopped. */
  failureThreshold: z.number().min(0).max(1),
})

export type MigrationRun = z.output<typeof input>

const position = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('placements') }),
  z.object({ phase: z.literal('plan') }),
  z.object({ phase: z.literal('wave'), wave: z.int() }),
])

type Position = z.output<typeof position>

/** Tenants a step takes: some tenths of a second's work, so that little is done again when a worker dies. */
const chunk = 200
const firstLockTimeout = 50
const laterLockTimeout = 1_000

/**
 * Brings the fleet to a version: catalog and placements, then the tenants in waves, canaries first. Who cannot be
 * migrated is tried again later, then recorded and left behind; when more than the threshold are, the run stops.
 */
export function createMigrateOperation(
  readTenantMigrations: () => Promise<readonly Migration[]>,
): OperationKind<MigrationRun, Position> {
  return {
    kind: 'migrate',
    input,
    position,
    start: { phase: 'placements' },
    cancellable: true,
    async step(control, run, at, { id }) {
      const migrations = await readTenantMigrations()
      const to = run.to ?? migrations.length
      if (to > migrations.length) {
        throw new AppError('invalid_request', `There is no version ${to}: the latest is ${migrations.length}.`)
      }
      switch (at.phase) {
        case 'placements': {
          const truths = await readPlacements(control)
          const outdated = await findOutdated(control, truths)
          if (outdated.length > 0) {
            await migratePlacements(control, outdated)
            return { position: { phase: 'plan' }, done: 0, total: null }
          }
          return plan(truths)
        }
        case 'plan':
          return plan(await readPlacements(control))
        case 'wave':
          return takeChunk(control, { id, run, to, migrations, wave: at.wave })
      }

      async function plan(truths: readonly PlacementTruth[]): Promise<Step<Position>> {
        await correctCopies(control, truths)
        await withOwnerTransaction(control.pools, control.catalog, (client) =>
          recordTenantMigrations(client, migrations),
        )
        const total = await planRun(control, id, run, to)
        return { position: { phase: 'wave', wave: 0 }, done: 0, total }
      }
    },
  }
}

export const migrateOperation = createMigrateOperation(() => readMigrations('tenant'))

interface Chunk {
  readonly id: string
  readonly run: MigrationRun
  readonly to: number
  readonly migrations: readonly Migration[]
  readonly wave: number
}

async function takeChunk(control: ControlPlane, { id, run, to, migrations, wave }: Chunk): Promise<Step<Position>> {
  const next = await readNext(control, id, wave, chunk)
  const oldest = Math.min(to, ...next.tenants.map(({ version }) => version))
  // Asked again for each chunk: a rollback may have brought older code back meanwhile.
  await withOwnerTransaction(control.pools, control.catalog, (client) =>
    requireAllowed(client, migrations.slice(oldest, to)),
  )
  await Promise.all(
    [...Map.groupBy(next.tenants, ({ placement }) => placement)].map(async ([placement, tenants]) => {
      // Those that are tried again come last: they may wait longer for their locks.
      for (const again of [false, true]) {
        const group = tenants.filter(({ attempts }) => attempts > 0 === again)
        if (group.length === 0) continue
        const lockTimeout = again ? laterLockTimeout : firstLockTimeout
        await recordOutcomes(
          control,
          id,
          await migrateTenants(control.pools, placement, group, { migrations, to, lockTimeout }),
        )
      }
    }),
  )
  const counts = await countResults(control, id)
  const done = counts.migrated + counts.failed.length
  const total = done + counts.pending

  const allowed = Math.max(1, Math.floor(total * run.failureThreshold))
  if (counts.failed.length > allowed) {
    const names = counts.failed.map(({ slug, error }) => `${slug} (${error})`)
    throw new AppError(
      'failure_threshold',
      `The run was stopped: ${names.length} tenants failed, more than ${allowed} of ${total}: ${names.slice(0, 20).join(', ')}`,
    )
  }
  if (next.tenants.length > 0) return { position: { phase: 'wave', wave }, done, total }
  // Nobody follows until the canaries are through; in later waves those who are tried again hold up nobody.
  const isCanary = wave === 0 && next.waitMs !== undefined
  if (next.laterWave !== undefined && !isCanary)
    return { position: { phase: 'wave', wave: next.laterWave }, done, total }
  if (next.waitMs !== undefined) {
    await sleep(Math.min(next.waitMs, 1_000))
    return { position: { phase: 'wave', wave }, done, total }
  }
  const { migrated, failed } = counts
  return {
    position: { phase: 'wave', wave },
    done,
    total,
    result: { to, migrated, failed },
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { allDone } from '../../all-done.ts'
import { type Migration, readMigrations } from '../../db/migrations.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import { requireAllowed } from '../../tenancy/contract-gate.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { recordTenantMigrations } from '../../tenancy/record-tenant-migrations.ts'
import type { OperationKind, Step } from '../operation.ts'
import { findOutdated, migratePlacements } from './migrate-placements.ts'
import { migrateTenants } from './migrate-tenants.ts'
import { type NextTenant, planRun, type Run, readNext, recordOutcomes, waves } from './migration-results.ts'
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
  z.object({ phase: z.literal('tenants'), wave: z.int(), waves }),
  // Of a run that an older version began: its tenants are found again.
  z.object({ phase: z.literal('wave') }),
])

type Position = z.output<typeof position>

/** Tenants after which a step takes no further placement. */
const enough = 5_000
/** Placements that are migrated at once, on a connection each; one that is alone has two. */
const atOnce = 2
/** Milliseconds after which a step begins no further tenants, so that it tells of its progress. */
const stepTime = 1_000
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
        case 'wave':
          return plan(await readPlacements(control))
        case 'tenants': {
          const { wave, waves } = at
          return migrateNext(control, run, { id, scope: { tenants: run.tenants, to }, waves }, migrations, wave)
        }
      }

      async function plan(truths: readonly PlacementTruth[]): Promise<Step<Position>> {
        await correctCopies(control, truths)
        await withOwnerTransaction(control.pools, control.catalog, (client) =>
          recordTenantMigrations(client, migrations),
        )
        const waves = await planRun(control, { tenants: run.tenants, to }, run.canaries)
        return { position: { phase: 'tenants', wave: 0, waves }, done: 0, total: waves.total }
      }
    },
  }
}

export const migrateOperation = createMigrateOperation(() => readMigrations('tenant'))

async function migrateNext(
  control: ControlPlane,
  { failureThreshold }: MigrationRun,
  run: Run,
  migrations: readonly Migration[],
  wave: number,
): Promise<Step<Position>> {
  const { to } = run.scope
  const { total } = run.waves
  const next = await readNext(control, run, wave, enough)
  const { remaining, failed } = next
  const allowed = Math.max(1, Math.floor(total * failureThreshold))
  if (failed.length > allowed) {
    const names = failed.map(({ slug, error }) => `${slug} (${error})`)
    throw new AppError(
      'failure_threshold',
      `The run was stopped: ${names.length} tenants failed, more than ${allowed} of ${total}: ${names.slice(0, 20).join(', ')}`,
    )
  }
  const goOn = (wave: number, settled = 0): Step<Position> => ({
    position: { phase: 'tenants', wave, waves: run.waves },
    done: Math.max(0, total - remaining + settled),
    total,
  })
  if (next.tenants.size > 0) {
    const settled = await migrateGroups(control, run, wave, migrations, next.tenants)
    return goOn(wave, settled)
  }
  // Nobody follows until the canaries are through; in later waves those who are tried again hold up nobody.
  const isCanary = wave === 0 && next.waitMs !== undefined
  if (next.laterWave !== undefined && !isCanary) return goOn(next.laterWave)
  if (next.waitMs !== undefined) {
    await sleep(Math.min(next.waitMs, 1_000))
    return goOn(wave)
  }
  return { ...goOn(wave), result: { to, migrated: total - failed.length, failed } }
}

/** Migrates tenants by placement, until a step's time is up. Answers how many were. */
async function migrateGroups(
  control: ControlPlane,
  run: Run,
  wave: number,
  migrations: readonly Migration[],
  tenants: ReadonlyMap<string, readonly NextTenant[]>,
): Promise<number> {
  const { to } = run.scope
  const oldest = Math.min(to, ...[...tenants.values()].flatMap((group) => group.map(({ version }) => version)))
  // Asked again for each step: a rollback may have brought older code back meanwhile.
  await withOwnerTransaction(control.pools, control.catalog, (client) =>
    requireAllowed(client, migrations.slice(oldest, to)),
  )
  const until = performance.now() + stepTime
  const connections = Math.ceil(atOnce / tenants.size)
  const queue = [...tenants]
  let migrated = 0
  const work = async () => {
    for (let next = queue.shift(); next !== undefined && performance.now() < until; next = queue.shift()) {
      const [placement, group] = next
      // Those that are tried again come last: they may wait longer for their locks.
      for (const again of [false, true]) {
        const some = group.filter(({ attempts }) => attempts > 0 === again)
        if (some.length === 0) continue
        const lockTimeout = again ? laterLockTimeout : firstLockTimeout
        const options = { migrations, to, lockTimeout, until, connections }
        const outcomes = await migrateTenants(control.pools, placement, some, options)
        await recordOutcomes(control, run, wave, outcomes)
        migrated += [...outcomes.values()].filter(({ result }) => result !== 'failed').length
      }
    }
  }
  await allDone(Array.from({ length: Math.min(atOnce, tenants.size) }, work))
  return migrated
}

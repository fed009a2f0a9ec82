import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { createMigrateOperation } from '../../shared/control/fleet/migrate-operation.ts'
import { getOperation, startOperation } from '../../shared/control/operations.ts'
import { runSlice } from '../../shared/control/run-operations.ts'
import { quoteIdentifier } from '../../shared/db/identifiers.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { placementNames } from '../../shared/tenancy/placement-names.ts'
import { projectFolder } from '../../test/support/project-folder.ts'
import type { Bench, Measured } from '../bench.ts'
import { fill } from '../fill.ts'
import { byTurns, quantile, ratioOf } from '../interleave.ts'
import type { BenchStage } from '../stage.ts'
import { alone } from './measures.ts'

export const fleet: Bench = {
  name: 'fleet',
  about: 'Add a column to every tenant, with all records of it.',
  async run({ quick, openStage, progress }) {
    const measured: Measured[] = []
    const sizes = quick
      ? [{ tenants: 60, placements: 2 }]
      : [
          { tenants: 1_000, placements: 2 },
          { tenants: 10_000, placements: 20 },
        ]
    for (const { tenants, placements } of sizes) {
      const stage = await openStage({ placements })
      await fill(stage, tenants, progress)
      measured.push(...(await measure(stage, tenants, quick ? 1 : 3)))
      await stage.end()
    }
    return measured
  },
}

async function measure(stage: BenchStage, tenants: number, repetitions: number): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'atrium-bench-'))
  cpSync(join(projectFolder, 'shared/db/migrations/tenant'), folder, { recursive: true })
  const kind = createMigrateOperation(() => readMigrations('tenant', pathToFileURL(`${folder}/`)))
  const migrate = async (): Promise<number> => {
    const begun = performance.now()
    const { id } = await startOperation(stage.control, kind, {
      ...{ input: { tenants: null, canaries: null, to: null, failureThreshold: 0 }, tenant: null, operator: 'bench' },
    })
    while (
      (await runSlice(stage.control, new Map([[kind.kind, kind]]), { deadline: Date.now() + 600_000 })) !== 'finished'
    );
    const taken = performance.now() - begun
    const { state, problem } = await getOperation(stage.control, id)
    if (state !== 'succeeded') throw new Error(`the run ended ${state}: ${JSON.stringify(problem)}`)
    return taken
  }
  const batched: number[] = []
  const single: number[] = []
  const runs: number[] = []
  const checks: number[] = []
  const { length } = await readMigrations('tenant')
  for (let repetition = 0; repetition <= repetitions; repetition += 1) {
    const version = length + repetition + 1
    writeFileSync(
      join(folder, `${String(version).padStart(4, '0')}_bench.sql`),
      `ALTER TABLE products ADD COLUMN bench_${repetition} integer;\n`,
    )
    const { floor, subject } = await byTurns(
      repetition,
      async () => ({
        batched: await alterAll(stage, `batched_${repetition}`, 50),
        single: await alterAll(stage, `single_${repetition}`, 1),
      }),
      async () => ({ run: await migrate(), check: await migrate() }),
    )
    if (repetition === 0) continue // warm
    batched.push(floor.batched)
    single.push(floor.single)
    runs.push(subject.run)
    checks.push(subject.check)
  }
  rmSync(folder, { recursive: true })
  const many = tenants.toLocaleString('en')
  const run = { measure: `a column for ${many} tenants`, unit: 'ms' } as const
  const beside = (floor: string, floors: readonly number[], goal: Measured['goal']): Measured => ({
    ...alone({ ...run, floor, goal }, runs, quantile(floors, 0.5)),
    ...ratioOf(runs, floors),
  })
  return [
    beside('ALTER TABLE in batches of 50', batched, { at: 'most', value: 1.3 }),
    beside('ALTER TABLE in a transaction each', single, null),
    ...(tenants >= 10_000 ? [alone({ ...run, floor: '', goal: { at: 'most', value: 5_000 } }, runs)] : []),
    alone({ measure: `nothing to do for ${many}`, floor: '', unit: 'ms', goal: { at: 'most', value: 1_000 } }, checks),
  ]
}

/** By bare SQL as the owner, so many tenants in a transaction; milliseconds. */
async function alterAll(stage: BenchStage, column: string, size: number): Promise<number> {
  let taken = 0
  for (const placement of stage.placements) {
    const config = stage.connection('control', placement)
    const client = new pg.Client(config)
    await client.connect()
    await client.query(`SET ROLE ${quoteIdentifier(placementNames(String(config.database)).owner)}`)
    const { rows } = await client.query<{ schema_name: string }>('SELECT schema_name FROM atrium.tenant_versions')
    const statements = rows.map(
      ({ schema_name }) => `ALTER TABLE ${quoteIdentifier(schema_name)}.products ADD COLUMN ${column} integer`,
    )
    const begun = performance.now()
    for (let at = 0; at < statements.length; at += size) {
      await client.query(`BEGIN; ${statements.slice(at, at + size).join('; ')}; COMMIT`)
    }
    taken += performance.now() - begun
    await client.end()
  }
  return taken
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readFleetStatus } from '../../../../shared/control/fleet/fleet-status.ts'
import { createMigrateOperation, type MigrationRun } from '../../../../shared/control/fleet/migrate-operation.ts'
import { recordOutcomes } from '../../../../shared/control/fleet/migration-results.ts'
import { correctCopies, readPlacements, readTruth } from '../../../../shared/control/fleet/read-truth.ts'
import { getTenant } from '../../../../shared/control/list-tenants.ts'
import type { Operation } from '../../../../shared/control/operation.ts'
import { getOperation, startOperation } from '../../../../shared/control/operations.ts'
import { runSlice } from '../../../../shared/control/run-operations.ts'
import { readMigrations } from '../../../../shared/db/migrations.ts'
import type { ControlPlane } from '../../../../shared/tenancy/control-plane.ts'
import type { Tenant } from '../../../../shared/tenancy/tenant.ts'
import { addPlacement } from '../../../support/add-placement.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

const own = fileURLToPath(new URL('../../../../shared/db/migrations/tenant', import.meta.url))
const workerFile = fileURLToPath(new URL('../../../support/fleet-worker.ts', import.meta.url))

let stage: TestStage
let folder: string
let tenants: Tenant[]
let base: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-migrations-'))
  cpSync(own, folder, { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

const kind = createMigrateOperation(() => readMigrations('tenant', pathToFileURL(`${folder}/`)))
const everyone: MigrationRun = { tenants: null, canaries: null, to: null, failureThreshold: 0.01 }

async function makeStage(count: number): Promise<void> {
  stage = await createTestStage('control')
  base = (await readMigrations('tenant')).length
  tenants = []
  for (let n = 0; n < count; n += 10) {
    tenants.push(...(await Promise.all(Array.from({ length: Math.min(10, count - n) }, () => stage.createTenant()))))
  }
}

/** Adds the next tenant migration. */
function addMigration(sql: string, name = 'next'): void {
  const version = base + 1
  writeFileSync(join(folder, `${String(version).padStart(4, '0')}_${name}.sql`), sql)
}

const start = (run: Partial<MigrationRun> = {}) =>
  startOperation(stage.control, kind, { input: { ...everyone, ...run }, tenant: null, operator: 'olga' })

const slice = (control = stage.control) =>
  runSlice(control, new Map([[kind.kind, kind]]), { deadline: Date.now() + 60_000 })

async function migrate(run: Partial<MigrationRun> = {}): Promise<Operation> {
  const { id } = await start(run)
  while ((await slice()) !== 'finished') await sleep(20)
  return getOperation(stage.control, id)
}

/** The one column of a query in each tenant's schema, by slug. */
async function askEach(text: string): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>()
  for (const { slug } of tenants) {
    const { rows } = await stage.inSchemaOf(slug, (client) => client.query({ text, rowMode: 'array' }))
    answers.set(slug, rows[0]?.[0])
  }
  return answers
}

/** Leaves the placement's own schema a migration behind. */
const putPlacementBack = () =>
  stage.asOwner((client) =>
    client.query(
      `DROP TABLE atrium.copies, atrium.outside_changes; DELETE FROM atrium.migrations WHERE kind = 'placement' AND name = 'work_under_way'`,
    ),
  )

const hasColumn = `SELECT count(*)::int FROM pg_catalog.pg_attribute WHERE attrelid = 'products'::regclass AND attname = 'colour'`

describe('a migration run', () => {
  beforeEach(() => makeStage(12))
  afterEach(() => stage.end())

  it('brings every tenant to the latest version, and the catalog and the truth agree on it', async () => {
    addMigration('ALTER TABLE products ADD COLUMN colour text;')
    const operation = await migrate()
    expect(operation).toMatchObject({
      ...{ state: 'succeeded', progress: { done: 12, total: 12 }, result: { to: base + 1, migrated: 12, failed: [] } },
    })
    expect([...(await askEach(hasColumn)).values()]).toEqual(tenants.map(() => 1))
    expect(await readTruth(stage.control)).toEqual(new Map([[base + 1, 12]]))
    const { rows } = await stage.asOwner((client) => client.query('SELECT DISTINCT version FROM catalog.tenants'))
    expect(rows).toEqual([{ version: base + 1 }])
  })

  it('records who failed, but for a tenant that was purged meanwhile', async () => {
    const { id } = await start()
    const failed = { result: 'failed', sqlState: 'AT001', error: 'at another version' } as const
    const [tenant] = tenants
    await recordOutcomes(stage.control, { id }, 0, new Map([tenant?.id ?? '', '999999'].map((each) => [each, failed])))
    const { rows } = await stage.asOwner((client) => client.query('SELECT tenant_id FROM catalog.migration_results'))
    expect(rows).toEqual([{ tenant_id: tenant?.id }])
  })

  it('does nothing when there is nothing to do', async () => {
    expect(await migrate()).toMatchObject({
      state: 'succeeded',
      progress: { done: 0, total: 0 },
      result: { migrated: 0 },
    })
  })

  it('asks each placement one thing when there is nothing to do', async () => {
    await addPlacement(stage, 'second')
    await stage.createTenant({ slug: 'over-there', placement: 'second' })
    const asked: string[] = []
    const { pools } = stage.control
    const counting: ControlPlane = {
      ...stage.control,
      pools: {
        ...pools,
        withClient: (placement, access, work, schema) =>
          pools.withClient(
            placement,
            access,
            (client) => {
              if (placement === 'second') asked.push(placement)
              return work(client)
            },
            schema,
          ),
      },
    }
    await start()
    while ((await slice(counting)) !== 'finished');
    expect(asked).toEqual(['second'])
  })

  it('brings a placement that is behind up to date first', async () => {
    await putPlacementBack()
    expect((await migrate()).state).toBe('succeeded')
    await stage.asOwner((client) => client.query('SELECT FROM atrium.copies'))
  })

  it('corrects the catalog where it says something else than the truth', async () => {
    await stage.asOwner((client) => client.query('UPDATE catalog.tenants SET version = 99'))
    await migrate()
    const { rows } = await stage.asOwner((client) => client.query('SELECT DISTINCT version FROM catalog.tenants'))
    expect(rows).toEqual([{ version: base }])
  })

  it('leaves a copy that a run has brought further since its truth was read', async () => {
    const [tenant] = tenants
    const versionOf = async () => (await getTenant(stage.control, tenant?.slug ?? '')).version
    const overtaken = await readPlacements(stage.control)
    const set = (version: number) =>
      stage.asOwner(async (client) => {
        const schema = tenant?.ref.schema
        await client.query('UPDATE atrium.tenant_versions SET version = $2 WHERE schema_name = $1', [schema, version])
        await client.query('UPDATE catalog.tenants SET version = $2 WHERE schema_name = $1', [schema, version])
      })
    await set(base + 1)
    await correctCopies(stage.control, overtaken)
    expect(await versionOf()).toBe(base + 1)
    await stage.asOwner((client) => client.query('UPDATE atrium.tenant_versions SET version = $1', [base]))
    await correctCopies(stage.control, await readPlacements(stage.control))
    expect(await versionOf()).toBe(base)
  })

  it('counts no schema that is no tenant', async () => {
    const before = await readTruth(stage.control)
    await stage.asOwner((client) =>
      client.query(`INSERT INTO atrium.tenant_versions (schema_name, version, checksum) VALUES ('t_restored', 1, $1)`, [
        '0'.repeat(64),
      ]),
    )
    expect(await readTruth(stage.control)).toEqual(before)
    await stage.asOwner((client) => client.query("DELETE FROM atrium.tenant_versions WHERE schema_name = 't_restored'"))
  })

  it('takes only the tenants that are named', async () => {
    addMigration('ALTER TABLE products ADD COLUMN colour text;')
    const [only] = tenants
    expect((await migrate({ tenants: [only?.slug ?? ''] })).result).toMatchObject({ migrated: 1 })
    const with1 = [...(await askEach(hasColumn))].filter(([, count]) => count === 1).map(([slug]) => slug)
    expect(with1).toEqual([only?.slug])
    expect(await migrate({ tenants: ['nobody'] })).toMatchObject({
      state: 'failed',
      problem: { code: 'tenant_unknown' },
    })
    expect(await migrate({ to: 99 })).toMatchObject({ state: 'failed', problem: { code: 'invalid_request' } })
  })

  it('stops nobody for one tenant that fails, and names it with its error', async () => {
    const broken = tenants[5]
    await stage.inSchemaOf(broken?.slug ?? '', (client) =>
      client.query('ALTER TABLE products ADD COLUMN colour integer'),
    )
    addMigration('ALTER TABLE products ADD COLUMN colour text;')
    const { state, result } = await migrate()
    expect(state).toBe('succeeded')
    expect(result).toMatchObject({
      migrated: 11,
      failed: [{ slug: broken?.slug, sql_state: '42701', error: expect.stringContaining('already exists') }],
    })
    expect(
      await readFleetStatus(stage.control, await readMigrations('tenant', pathToFileURL(`${folder}/`))),
    ).toMatchObject({
      ...{ tenants: 12, failed: [{ slug: broken?.slug }] },
      versions: [
        { version: base, tenants: 1 },
        { version: base + 1, tenants: 11 },
      ],
    })
    await stage.inSchemaOf(broken?.slug ?? '', (client) => client.query('ALTER TABLE products DROP COLUMN colour'))
    expect((await migrate()).result).toMatchObject({ migrated: 1, failed: [] })
  })

  it('stops at the failure threshold, before those behind the canaries are touched', async () => {
    const canaries = tenants.slice(-3).map(({ slug }) => slug)
    for (const slug of canaries) {
      await stage.inSchemaOf(slug, (client) => client.query('ALTER TABLE products ADD COLUMN colour integer'))
    }
    addMigration('ALTER TABLE products ADD COLUMN colour text;')
    const operation = await migrate({ canaries })
    expect(operation).toMatchObject({
      state: 'failed',
      problem: { code: 'failure_threshold', detail: expect.stringContaining(canaries[0] ?? '') },
    })
    expect(await readTruth(stage.control)).toEqual(new Map([[base, 12]]))
  })

  it('comes back to a tenant that was locked, and meanwhile waits for nobody', async () => {
    const busy = tenants[0]
    const holder = new pg.Client(stage.connection('api'))
    await holder.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT atrium.enter($1, false, 0, 0)', [busy?.ref.schema])
    await holder.query('SELECT count(*) FROM products')
    addMigration('ALTER TABLE products ADD COLUMN colour text;')
    const running = migrate({ canaries: [tenants[1]?.slug ?? ''] })
    while ((await readTruth(stage.control)).get(base + 1) !== 11) await sleep(20)
    await holder.query('COMMIT')
    await holder.end()
    expect((await running).result).toMatchObject({ migrated: 12, failed: [] })
  })

  it('refuses a file that was edited after it was applied, by name', async () => {
    addMigration('ALTER TABLE products ADD COLUMN colour text;', 'colour')
    await migrate()
    addMigration('ALTER TABLE products ADD COLUMN colour varchar;', 'colour')
    expect(await migrate()).toMatchObject({
      ...{
        state: 'failed',
        problem: { code: 'migration_edited', detail: expect.stringContaining(`000${base + 1}_colour.sql`) },
      },
    })
  })

  it('makes an index outside a transaction, dropping one that an interruption left invalid', async () => {
    const victim = tenants[3]
    await stage.inSchemaOf(victim?.slug ?? '', (client) =>
      client.query("INSERT INTO products (name, price) VALUES ('x', 1), ('x', 1)"),
    )
    // What an interrupted CREATE INDEX CONCURRENTLY leaves: it fails on the two equal rows, after it is in the catalogs.
    const owner = new pg.Client({ ...stage.connection('control'), options: `-c role=${stage.names.owner}` })
    await owner.connect()
    await expect(
      owner.query(`CREATE UNIQUE INDEX CONCURRENTLY products_price_idx ON ${victim?.ref.schema}.products (price)`),
    ).rejects.toThrow()
    await owner.end()
    addMigration(
      '-- atrium: outside a transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS products_price_idx ON products (price);',
    )
    expect((await migrate()).result).toMatchObject({ migrated: 12, failed: [] })
    const valid = await askEach(
      `SELECT indisvalid AND NOT indisunique FROM pg_catalog.pg_index WHERE indexrelid = 'products_price_idx'::regclass`,
    )
    expect([...valid.values()]).toEqual(tenants.map(() => true))
    const { rows } = await stage.asOwner((client) =>
      client.query('SELECT count(*)::int AS begun, count(done_at)::int AS done FROM atrium.outside_changes'),
    )
    expect(rows).toEqual([{ begun: 12, done: 12 }])
  })

  it('keeps off an index that another worker is making, and comes back to it', async () => {
    const schema = tenants[3]?.ref.schema ?? ''
    const canaries = [tenants[0]?.slug ?? '']
    addMigration('-- atrium: outside a transaction\nCREATE INDEX CONCURRENTLY products_price_idx ON products (price);')
    const other = new pg.Client(stage.connection('control'))
    await other.connect()
    await other.query("SELECT pg_advisory_lock(hashtextextended('atrium: outside a transaction ' || $1, 0))", [schema])
    const running = migrate({ canaries })
    const made = async () =>
      (await stage.asOwner((client) => client.query("SELECT FROM pg_class WHERE relname = 'products_price_idx'")))
        .rowCount
    while ((await made()) !== 11) await sleep(20)
    await other.end()
    expect((await running).result).toMatchObject({ migrated: 12, failed: [] })
    expect(await made()).toBe(12)
  })

  it('waits for a tenant that is on the move, rather than leave it out', async () => {
    addMigration('ALTER TABLE products ADD COLUMN colour text;')
    const set = (status: string) =>
      stage.asOwner((client) =>
        client.query('UPDATE catalog.tenants SET status = $2 WHERE slug = $1', [tenants[5]?.slug, status]),
      )
    await set('moving')
    const running = migrate()
    await sleep(700)
    await set('active')
    expect((await running).result).toMatchObject({ migrated: 12, failed: [] })
  })

  it('is planned again when older code had begun it', async () => {
    addMigration('ALTER TABLE products ADD COLUMN colour text;')
    const { id } = await start()
    await stage.asOwner((client) =>
      client.query(`UPDATE catalog.operations SET position = '{"phase": "wave", "wave": 1}' WHERE id = $1`, [id]),
    )
    while ((await slice()) !== 'finished');
    expect(await getOperation(stage.control, id)).toMatchObject({ state: 'succeeded', result: { migrated: 12 } })
  })

  it('is refused while another is under way, which is named', async () => {
    const { id } = await start()
    await expect(start()).rejects.toMatchObject({
      code: 'operation_running',
      message: expect.stringContaining(`Operation ${id}`),
    })
  })
})

describe('a run of 200 tenants, 3 of them broken, killed with -9 twenty times', () => {
  beforeAll(() => makeStage(200), 300_000)
  afterAll(() => stage.end())

  it('ends with each tenant migrated exactly once, or named', { timeout: 300_000 }, async () => {
    const broken = [tenants[20], tenants[90], tenants[170]].map((tenant) => tenant?.slug ?? '').toSorted()
    for (const slug of broken) {
      await stage.inSchemaOf(slug, (client) => client.query('CREATE TABLE marks (id int)'))
    }
    // Each takes a moment, so that a kill finds it in the middle; the mark tells how often it was done.
    addMigration(`CREATE TABLE marks (at timestamptz NOT NULL);
      SELECT pg_sleep(0.05);
      INSERT INTO marks VALUES (now());
      INSERT INTO products (name, price) VALUES ('the mark', 1);`)
    await putPlacementBack()
    const { id } = await start({ failureThreshold: 0.02 })

    const seen: string[] = []
    for (let kills = 0; kills < 20; kills += 1) seen.push(await killAtWork(id, kills))
    // The kills were spread over all that a run does.
    expect(new Set(seen)).toEqual(new Set(['placements', 'plan', 'wave, migrating', 'wave, recording']))

    const last = spawnWorker()
    const [code] = await once(last, 'exit')
    expect(code).toBe(0)
    const operation = await getOperation(stage.control, id)
    expect(operation).toMatchObject({ state: 'succeeded', progress: { done: 200, total: 200 } })
    const { migrated, failed } = operation.result as { migrated: number; failed: { slug: string }[] }
    expect({ migrated, failed: failed.map(({ slug }) => slug) }).toEqual({ migrated: 197, failed: broken })
    const marks = await askEach(`SELECT count(*)::int FROM products WHERE name = 'the mark'`)
    for (const [slug, count] of marks) expect(count, slug).toBe(broken.includes(slug) ? 0 : 1)
    expect(await readTruth(stage.control)).toEqual(
      new Map([
        [base, 3],
        [base + 1, 197],
      ]),
    )
  })

  function spawnWorker() {
    return spawn(process.execPath, [workerFile, folder], { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] })
  }

  /** Holds up one of the steps, or not, lets a worker come to it, and kills it there. Answers what it was killed in. */
  async function killAtWork(id: string, nth: number): Promise<string> {
    const holds: Record<string, string> = {
      placements: `SELECT pg_advisory_xact_lock(hashtextextended('atrium: migrate the placement', 0))`,
      plan: 'LOCK TABLE catalog.tenants IN SHARE MODE',
      'wave, recording': 'LOCK TABLE catalog.tenants IN SHARE MODE',
    }
    // A worker records a chunk at a time: held there in the middle of the run, it would leave no one to migrate.
    const point = ['placements', 'plan', 'wave, recording'][nth] ?? (nth === 19 ? 'wave, recording' : 'wave, migrating')
    const holder = new pg.Client({ ...stage.connection('control'), options: `-c role=${stage.names.owner}` })
    await holder.connect()
    await holder.query('SET idle_in_transaction_session_timeout = 0')
    await holder.query('BEGIN')
    if (holds[point] !== undefined) await holder.query(holds[point])
    const before = await truthCount(holder)
    const worker = spawnWorker()
    await once(worker.stdout, 'data')
    if (point === 'wave, migrating') {
      const enough = before + 1 + (nth % 2)
      while ((await truthCount(holder)) < enough) await sleep(3)
    } else {
      // Until somebody waits for what is held.
      while (!(await isWaitedFor(holder))) await sleep(3)
    }
    worker.kill('SIGKILL')
    await once(worker, 'exit')
    await holder.query('ROLLBACK')
    await holder.end()
    const operation = await getOperation(stage.control, id)
    expect(operation.finished_at, 'work was begun and is unfinished').toBeNull()
    return point
  }

  /** On a connection that is open: on a slow machine, hundreds would be migrated while others are opened. */
  async function truthCount(client: pg.Client): Promise<number> {
    const { rows } = await client.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM atrium.tenant_versions WHERE version > $1',
      [base],
    )
    return rows[0]?.n ?? 0
  }

  async function isWaitedFor(holder: pg.Client): Promise<boolean> {
    const { rows } = await holder.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))',
    )
    return (rows[0]?.n ?? 0) > 0
  }
})

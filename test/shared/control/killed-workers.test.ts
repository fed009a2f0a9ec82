import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deleteTenant } from '../../../shared/control/delete-tenant.ts'
import { createDoctorOperation } from '../../../shared/control/doctor/doctor-operation.ts'
import { drainOperation } from '../../../shared/control/drain-operation.ts'
import { createDriftOperation } from '../../../shared/control/fleet/drift-operation.ts'
import { listTenants } from '../../../shared/control/list-tenants.ts'
import type { OperationKind } from '../../../shared/control/operation.ts'
import { getOperation, startOperation } from '../../../shared/control/operations.ts'
import { updatePlacement } from '../../../shared/control/placements.ts'
import { purgeOperation } from '../../../shared/control/purge-operation.ts'
import { runSlice } from '../../../shared/control/run-operations.ts'
import { sweepOperation } from '../../../shared/control/sweep-operation.ts'
import { readMigrations } from '../../../shared/db/migrations.ts'
import { refOf } from '../../../shared/tenancy/catalog-queries.ts'
import { proveSeparation } from '../../../shared/tenancy/prove-separation.ts'
import { addPlacement } from '../../support/add-placement.ts'
import { createDirectPools } from '../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

/**
 * A worker that dies behind each step of each kind of operation, before it could say that the step was done: another one does the
 * step again, and the operation ends as if nothing had been. Of move, export, import and migrate: their own tests.
 */
let stage: TestStage

beforeAll(async () => {
  stage = await createTestStage('control')
  await addPlacement(stage, 'second')
})
afterAll(() => stage.end())

interface Case<Input, Position> {
  readonly kind: OperationKind<Input, Position>
  /** Makes what the operation is to work on. */
  prepare(): Promise<{ readonly input: Input; readonly tenant: string | null }>
  /** What is there afterwards, in a form that is the same however often it was done. */
  outcome(input: Input, result: unknown): Promise<unknown>
}

/** The kind says what its input and position are. */
const caseOf = <Input, Position>(operation: Case<Input, Position>) => operation

const newSlug = () => `shop-${randomBytes(4).toString('hex')}`
const tenantsIn = async (placement: string) =>
  (await listTenants(stage.control, { after: '0', limit: 1_000, placement })).map(({ slug, status }) => ({
    slug,
    status,
  }))

const purge = caseOf({
  kind: purgeOperation,
  async prepare() {
    const slug = newSlug()
    await stage.createTenant({ slug, placement: 'main' })
    const { id } = await deleteTenant(stage.control, slug, new Date().toISOString())
    return { input: { slug, id }, tenant: slug }
  },
  outcome: ({ slug }) =>
    stage.asOwner(async (client) => {
      const left = await client.query(
        `SELECT FROM catalog.tenants WHERE slug = $1
         UNION ALL SELECT FROM pg_namespace WHERE starts_with(nspname, $2) UNION ALL SELECT FROM pg_roles WHERE starts_with(rolname, $2)`,
        [slug, `t_${slug.replaceAll('-', '_')}_`],
      )
      return left.rowCount
    }),
})

const sweep = caseOf({
  kind: sweepOperation,
  async prepare() {
    const slug = newSlug()
    await stage.createTenant({ slug, placement: 'main' })
    await stage.inSchemaOf(slug, (client) =>
      client.query(`INSERT INTO idempotency_keys (route, key, fingerprint, created_at)
        SELECT 'POST /orders', n::text, sha256(''), now() - n * interval '1 hour' FROM generate_series(0, 47) AS n`),
    )
    return { input: { hours: 24 }, tenant: null }
  },
  async outcome() {
    const last = (await listTenants(stage.control, { after: '0', limit: 1_000 })).at(-1)?.slug ?? ''
    const { rows } = await stage.inSchemaOf(last, (client) =>
      client.query('SELECT count(*)::int AS n FROM idempotency_keys'),
    )
    return rows
  },
})

const drain = caseOf({
  kind: drainOperation,
  async prepare() {
    await updatePlacement(stage.control, 'second', { accepts_tenants: true })
    for (let n = 0; n < 2; n += 1) {
      const { slug } = await stage.createTenant({ slug: newSlug(), placement: 'second' })
      expect(slug).toBeDefined()
    }
    return { input: { placement: 'second' }, tenant: null }
  },
  async outcome() {
    const here = await tenantsIn('main')
    return [await tenantsIn('second'), here.filter(({ status }) => status !== 'active')]
  },
})

const drift = caseOf({
  kind: createDriftOperation(() => readMigrations('tenant')),
  async prepare() {
    const slug = newSlug()
    await stage.createTenant({ slug, placement: 'main' })
    await stage.inSchemaOf(slug, (client) => client.query('DROP INDEX orders_product_id_idx'))
    return { input: { repair: true }, tenant: null }
  },
  async outcome() {
    const last = (await listTenants(stage.control, { after: '0', limit: 1_000 })).at(-1)?.slug ?? ''
    const { rows } = await stage.inSchemaOf(last, (client) =>
      client.query("SELECT to_regclass('orders_product_id_idx') IS NOT NULL AS mended"),
    )
    return rows
  },
})

const doctor = caseOf({
  kind: createDoctorOperation(async ({ placement, schemas: [one, other] }) => {
    const pools = createDirectPools(stage.connection('api'), { size: 4 })
    try {
      return await proveSeparation(pools, refOf(placement, one), refOf(placement, other))
    } finally {
      await pools.end()
    }
  }),
  prepare: async () => ({ input: {}, tenant: null }),
  async outcome(_, result) {
    const { findings } = result as { findings: { check: string; placement: string | null; state: string }[] }
    return findings.map(({ check, placement, state }) => [check, placement, state])
  },
})

/** Does the operation, its worker dying behind the step of that number. Answers how many steps there were, and what is there. */
async function runDying<Input, Position>(
  { kind, prepare, outcome }: Case<Input, Position>,
  diesBehind: number | undefined,
): Promise<{ steps: number; outcome: unknown }> {
  const { input, tenant } = await prepare()
  const { id } = await startOperation(stage.control, kind, { input, tenant, operator: 'olga' })
  let steps = 0
  const dying: OperationKind<Input, Position> = {
    ...kind,
    async step(...args) {
      const step = await kind.step(...args)
      steps += 1
      // Nothing of it is said: no result, no position, and the lease runs out. (Here it is given back.)
      if (steps - 1 === diesBehind) throw new Error('killed here')
      return step
    },
  }
  for (;;) {
    await runSlice(stage.control, new Map([[kind.kind, dying]]), { deadline: Date.now() + 60_000 })
    const { state, finished_at, result } = await getOperation(stage.control, id)
    if (finished_at === null) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      continue
    }
    expect(state).toBe('succeeded')
    return { steps, outcome: await outcome(input, result) }
  }
}

async function expectSame<Input, Position>(operation: Case<Input, Position>): Promise<void> {
  const undisturbed = await runDying(operation, undefined)
  expect(undisturbed.steps).toBeGreaterThan(0)
  for (let step = 0; step < undisturbed.steps; step += 1) {
    const { outcome } = await runDying(operation, step)
    expect(outcome, `behind step ${step}`).toEqual(undisturbed.outcome)
  }
}

describe('a worker that dies behind any step leaves nothing that the next does not mend:', () => {
  it('purge', () => expectSame(purge))
  it('sweep', () => expectSame(sweep))
  it('drain', () => expectSame(drain))
  it('drift', () => expectSame(drift))
  it('doctor', () => expectSame(doctor))
})

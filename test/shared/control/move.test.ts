import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { deleteTenant, purgeTenant } from '../../../shared/control/delete-tenant.ts'
import { drainOperation } from '../../../shared/control/drain-operation.ts'
import { getTenant } from '../../../shared/control/list-tenants.ts'
import { createMoveOperation, moveOperation } from '../../../shared/control/move-operation.ts'
import type { Operation, OperationKind } from '../../../shared/control/operation.ts'
import { cancelOperation, getOperation, startOperation } from '../../../shared/control/operations.ts'
import { updatePlacement } from '../../../shared/control/placements.ts'
import { runSlice } from '../../../shared/control/run-operations.ts'
import { closeForWrites, matchAccess } from '../../../shared/control/schema-access.ts'
import { suspendTenant } from '../../../shared/control/suspend-tenant.ts'
import { readVersion, takeVersion } from '../../../shared/control/version-record.ts'
import { openTenantDatabase } from '../../../shared/db/tenant-database.ts'
import { AppError } from '../../../shared/errors.ts'
import { addPlacement } from '../../support/add-placement.ts'
import { createDirectPools } from '../../support/direct-pools.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let slug: string
let count = 0

let second: pg.ClientConfig

beforeAll(async () => {
  stage = await createTestStage('control')
  second = await addPlacement(stage, 'second')
})
afterAll(() => stage.end())
beforeEach(async () => {
  count += 1
  slug = `shop-${count}`
  await stage.createTenant({ slug, placement: 'main' })
  await stage.inSchemaOf(slug, async (client) => {
    await client.query(
      `INSERT INTO products (name, description, price) SELECT 'p' || n, E'tab\\t\\\\N', n FROM generate_series(1, 500) n`,
    )
    await client.query('DELETE FROM products WHERE id > 490')
    await client.query('INSERT INTO orders (product_id, quantity, unit_price) SELECT id, 3, 2.55 FROM products')
  })
})

const start = (to = 'second') =>
  startOperation(stage.control, moveOperation, { input: { slug, to }, tenant: slug, operator: 'olga' })

async function runAll(kind: typeof moveOperation = moveOperation): Promise<void> {
  while (
    (await runSlice(stage.control, new Map([['move', kind]]), { deadline: Date.now() + 60_000, lease: 200 })) !== 'idle'
  );
}

async function move(to = 'second'): Promise<Operation> {
  const { id } = await start(to)
  await runAll()
  return getOperation(stage.control, id)
}

/** The kind, by a worker that loses its lease before each step, as one that was frozen. */
function robbed<Input, Position>(kind: OperationKind<Input, Position>): OperationKind<Input, Position> {
  return {
    ...kind,
    async step(...args) {
      await stage.asOwner((client) => client.query('UPDATE catalog.operations SET lease = gen_random_uuid()'))
      return kind.step(...args)
    },
  }
}

/** All rows and the next id of a tenant, wherever it is. */
async function everything(): Promise<unknown> {
  const { ref } = await getTenant(stage.control, slug)
  const config =
    ref.placement === 'main' ? { ...stage.connection('control'), options: `-c role=${stage.names.owner}` } : second
  const client = new pg.Client(config)
  await client.connect()
  try {
    const { rows } = await client.query(`SELECT
      (SELECT json_agg(p ORDER BY id) FROM ${ref.schema}.products p) AS products,
      (SELECT json_agg(o ORDER BY id) FROM ${ref.schema}.orders o) AS orders,
      (SELECT last_value FROM ${ref.schema}.products_id_seq) AS next_product,
      (SELECT last_value FROM ${ref.schema}.orders_id_seq) AS next_order`)
    return rows[0]
  } finally {
    await client.end()
  }
}

/** Whether the tenant's role may use its schema, which is in the first placement. */
async function isOpen(): Promise<boolean> {
  const { ref } = await getTenant(stage.control, slug)
  const text = 'SELECT has_schema_privilege($1::name, $2, $3) AS open'
  const { rows } = await stage.asOwner((client) => client.query(text, [ref.schema, ref.schema, 'USAGE']))
  return rows[0].open
}

/** How many schemas of this tenant there are, in both places. */
async function schemas(): Promise<number> {
  const like = `t\\_${slug.replace('-', '\\_')}\\_%`
  const text = 'SELECT count(*)::int AS n FROM pg_namespace WHERE nspname LIKE $1'
  const here = await stage.asOwner((client) => client.query(text, [like]))
  const client = new pg.Client(second)
  await client.connect()
  const there = await client.query(text, [like])
  await client.end()
  return here.rows[0].n + there.rows[0].n
}

describe('draining a placement', () => {
  const drain = async (placement: string, kind = drainOperation) => {
    const { id } = await startOperation(stage.control, kind, {
      input: { placement },
      tenant: null,
      operator: 'olga',
    })
    while ((await runSlice(stage.control, new Map([['drain', kind]]), { deadline: Date.now() + 60_000 })) !== 'idle');
    return getOperation(stage.control, id)
  }

  it('moves every tenant elsewhere, and lets no new one come', async () => {
    await move()
    await stage.createTenant({ slug: `${slug}-b`, placement: 'second' })
    const before = await everything()
    expect(await drain('second')).toMatchObject({ state: 'succeeded', result: { drained: 'second', moved: 2 } })
    expect(await getTenant(stage.control, slug)).toMatchObject({ status: 'active', ref: { placement: 'main' } })
    expect(await everything()).toEqual(before)
    expect((await stage.createTenant({ slug: `${slug}-c` })).ref.placement).toBe('main')
  })

  it('stops where there is nowhere to go, and leaves everyone whole', async () => {
    expect(await drain('main')).toMatchObject({ state: 'failed', problem: { code: 'placements_full' } })
    expect((await getTenant(stage.control, slug)).status).toBe('active')
    for (const name of ['main', 'second']) await updatePlacement(stage.control, name, { accepts_tenants: true })
  })

  it('names a tenant that cannot be moved', async () => {
    await move()
    await suspendTenant(stage.control, slug)
    expect(await drain('second')).toMatchObject({
      state: 'failed',
      problem: { code: 'wrong_status', detail: expect.stringContaining(slug) },
    })
    await updatePlacement(stage.control, 'second', { accepts_tenants: true })
  })

  it('passes over one that was suspended behind its being chosen, and moves the others first', async () => {
    await move()
    await stage.createTenant({ slug: `${slug}-b`, placement: 'second' })
    const suspending: typeof drainOperation = {
      ...drainOperation,
      async step(control, input, at, tools) {
        if (at.current?.move.phase === 'begin' && at.moved === 0) await suspendTenant(control, slug)
        return drainOperation.step(control, input, at, tools)
      },
    }
    expect(await drain('second', suspending)).toMatchObject({
      state: 'failed',
      problem: { code: 'wrong_status', detail: expect.stringContaining('is suspended') },
      progress: { done: 1 },
      tenant: null,
    })
    expect((await getTenant(stage.control, `${slug}-b`)).ref.placement).toBe('main')
    expect((await getTenant(stage.control, slug)).status).toBe('suspended')
    await updatePlacement(stage.control, 'second', { accepts_tenants: true })
  })

  it('lets its tenant go only when it is written down that it is done with', async () => {
    await move()
    await updatePlacement(stage.control, 'main', { accepts_tenants: true })
    const claimed: unknown[] = []
    await drain('second', {
      ...drainOperation,
      async step(control, input, at, tools) {
        const step = await drainOperation.step(control, input, at, tools)
        if (at.current?.slug === slug) claimed.push((await getOperation(control, tools.id)).tenant)
        return step
      },
    })
    expect(claimed.length).toBeGreaterThan(5)
    expect(new Set(claimed)).toEqual(new Set([slug]))
    await updatePlacement(stage.control, 'second', { accepts_tenants: true })
  })

  it('claims no tenant once it has passed to another worker', async () => {
    await move()
    const input = { placement: 'second' }
    const { id } = await startOperation(stage.control, drainOperation, { input, tenant: null, operator: 'olga' })
    await runSlice(stage.control, new Map([['drain', robbed(drainOperation)]]), { deadline: 0 })
    expect((await getOperation(stage.control, id)).tenant).toBeNull()
    await stage.asOwner((client) => client.query('DELETE FROM catalog.operations WHERE id = $1', [id]))
    await updatePlacement(stage.control, 'second', { accepts_tenants: true })
  })
})

describe('a move', () => {
  it('takes rows, sequences and domains along, and leaves nothing behind', async () => {
    const before = await everything()
    const { ref: old } = await getTenant(stage.control, slug)
    expect(await move()).toMatchObject({ state: 'succeeded', result: { tenant: slug, from: 'main', to: 'second' } })
    const moved = await getTenant(stage.control, slug)
    expect(moved).toMatchObject({ status: 'active', ref: { placement: 'second' }, domains: [`${slug}.example.com`] })
    expect(moved.ref.schema).not.toBe(old.schema)
    expect(await everything()).toEqual(before)
    expect(await schemas()).toBe(1)
    expect(await move('main')).toMatchObject({ state: 'succeeded' })
    expect(await everything()).toEqual(before)
    expect(await schemas()).toBe(1)
  })

  it('refuses to go where the tenant is, and leaves it active', async () => {
    expect(await move('main')).toMatchObject({ state: 'failed', problem: { code: 'wrong_status' } })
    expect((await getTenant(stage.control, slug)).status).toBe('active')
  })

  it('waits for a write that was under way, and the write is there afterwards', async () => {
    const { ref } = await getTenant(stage.control, slug)
    const writer = new pg.Client(stage.connection('api'))
    await writer.connect()
    await writer.query('BEGIN')
    await writer.query('SELECT atrium.enter($1, false, 0, 0)', [ref.schema])
    await writer.query("INSERT INTO products (name, price) VALUES ('just in time', 1)")
    const moving = move()
    await new Promise((resolve) => setTimeout(resolve, 300))
    await writer.query('COMMIT')
    await writer.end()
    expect((await moving).state).toBe('succeeded')
    expect(JSON.stringify(await everything())).toContain('just in time')
  })

  it('serves reads and refuses writes while it is copied', async () => {
    const { ref } = await getTenant(stage.control, slug)
    const pools = createDirectPools(stage.connection('api'))
    const db = openTenantDatabase(pools, ref)
    const seen: unknown[] = []
    await start()
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        if (at.phase === 'copy') {
          seen.push(await db.read('SELECT count(*)::int AS n FROM products', []))
          seen.push(
            await db
              .write("INSERT INTO products (name, price) VALUES ('late', 1)", [])
              .catch((error) => error.cause.code),
          )
        }
        return moveOperation.step(control, input, at, tools)
      },
    })
    expect(seen).toEqual([[{ n: 490 }], '42501'])
    await pools.end()
  })

  it.each(['begin', 'close', 'copy', 'verify', 'switch', 'drop'])(
    'that dies after the step %s is finished by another worker',
    async (phase) => {
      const before = await everything()
      const { id } = await start()
      let died = false
      await runAll({
        ...moveOperation,
        async step(control, input, at, tools) {
          const step = await moveOperation.step(control, input, at, tools)
          if (at.phase === phase && !died) {
            // Done, and not said: as when the worker was killed before it could save.
            died = true
            throw new AppError('unavailable', 'killed here')
          }
          return step
        },
      })
      while ((await getOperation(stage.control, id)).finished_at === null) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        await runAll()
      }
      expect(died).toBe(true)
      expect(await getOperation(stage.control, id)).toMatchObject({ state: 'succeeded' })
      expect(await everything()).toEqual(before)
      expect(await schemas()).toBe(1)
    },
  )

  it('copies part by part, each of them once, however often its worker dies behind one', async () => {
    await stage.inSchemaOf(slug, (client) =>
      client.query(
        `INSERT INTO products (name, description, price) SELECT 'q' || n, repeat('x', 500), n FROM generate_series(1, 200) n`,
      ),
    )
    const before = await everything()
    const parts = createMoveOperation({ blocks: 2, milliseconds: 0 })
    const { id } = await start()
    const done: number[] = []
    const dying = {
      ...parts,
      async step(...args: Parameters<typeof parts.step>) {
        const step = await parts.step(...args)
        if (args[2].phase === 'copy') done.push(step.done)
        // Every other part is copied and not said.
        if (args[2].phase === 'copy' && done.length % 2 === 1) throw new AppError('unavailable', 'killed here')
        return step
      },
    }
    while ((await getOperation(stage.control, id)).finished_at === null) {
      await runAll(dying)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await getOperation(stage.control, id)).toMatchObject({
      state: 'succeeded',
      progress: { done: 100, total: 100 },
    })
    // 12 blocks and more of rows, two at a time, the progress growing with each.
    expect(done.length).toBeGreaterThan(8)
    expect(done).toEqual(done.toSorted((a, b) => a - b))
    expect(await everything()).toEqual(before)
  })

  it('is undone when the copy differs from its original', async () => {
    const before = await everything()
    await start()
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        if (at.phase === 'verify') {
          const client = new pg.Client(second)
          await client.connect()
          await client.query(`UPDATE ${at.newSchema}.products SET price = price + 1 WHERE id = 7`)
          await client.end()
        }
        return moveOperation.step(control, input, at, tools)
      },
    })
    const tenant = await getTenant(stage.control, slug)
    expect(tenant).toMatchObject({ status: 'active', ref: { placement: 'main' } })
    expect(await everything()).toEqual(before)
    expect(await schemas()).toBe(1)
  })

  it.each(['close', 'copy', 'verify', 'switch'])(
    'that fails for good at the step %s leaves the tenant where it was, writable',
    async (phase) => {
      const before = await everything()
      const { id } = await start()
      await runAll({
        ...moveOperation,
        async step(control, input, at, tools) {
          if (at.phase === phase) throw new AppError('wrong_status', 'no further')
          return moveOperation.step(control, input, at, tools)
        },
      })
      expect(await getOperation(stage.control, id)).toMatchObject({ state: 'failed' })
      const tenant = await getTenant(stage.control, slug)
      expect(tenant).toMatchObject({ status: 'active', ref: { placement: 'main' } })
      expect(await everything()).toEqual(before)
      expect(await schemas()).toBe(1)
      const pools = createDirectPools(stage.connection('api'))
      await openTenantDatabase(pools, tenant.ref).write("INSERT INTO products (name, price) VALUES ('again', 1)", [])
      await pools.end()
    },
  )

  it('is undone while the target is out of reach: the tenant is served where it was', async () => {
    const before = await everything()
    const { id } = await start()
    let reached = moveOperation.start
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        if (at.phase !== 'verify') return moveOperation.step(control, input, at, tools)
        reached = at
        const admin = new pg.Client(inject('superuser'))
        await admin.connect()
        await admin.query(`ALTER DATABASE ${second.database} ALLOW_CONNECTIONS false`)
        await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
          second.database,
        ])
        await admin.end()
        throw new AppError('wrong_status', 'no further')
      },
    })
    expect(await getOperation(stage.control, id)).toMatchObject({ state: 'failed' })
    const tenant = await getTenant(stage.control, slug)
    expect(tenant).toMatchObject({ status: 'active', ref: { placement: 'main' } })
    expect(await everything()).toEqual(before)
    const admin = new pg.Client(inject('superuser'))
    await admin.connect()
    await admin.query(`ALTER DATABASE ${second.database} ALLOW_CONNECTIONS true`)
    await admin.end()
    // As when its worker died before it could say that all was undone: what was left behind goes.
    expect(await schemas()).toBe(2)
    await moveOperation.abandon?.(stage.control, { slug, to: 'second' }, reached)
    expect(await schemas()).toBe(1)
    expect(await everything()).toEqual(before)
  })

  it('is not taken for undone while the catalog is out of reach', async () => {
    const away = { ...stage.control, catalog: 'nowhere' }
    const undone = Promise.resolve(moveOperation.abandon?.(away, { slug, to: 'second' }, moveOperation.start))
    await expect(undone).rejects.toMatchObject({ code: 'unavailable' })
  })

  it.each(['close', 'switch'] as const)(
    'is gone on with by the worker that it has passed to at the step %s',
    async (phase) => {
      const before = await everything()
      const { id } = await start()
      let isRobbed = false
      const kind = {
        ...moveOperation,
        async step(...args: Parameters<typeof moveOperation.step>) {
          if (args[2].phase !== phase || isRobbed) return moveOperation.step(...args)
          isRobbed = true
          return robbed(moveOperation).step(...args)
        },
      }
      expect(await runSlice(stage.control, new Map([['move', kind]]), { deadline: Date.now() + 60_000 })).toBe(
        'unfinished',
      )
      const { ref } = await getTenant(stage.control, slug)
      expect(ref.placement).toBe('main')
      const { rowCount } = await stage.asOwner((client) =>
        client.query('SELECT FROM atrium.tenant_versions WHERE schema_name = $1', [ref.schema]),
      )
      expect(rowCount).toBe(phase === 'close' ? 1 : 0)
      await stage.asOwner((client) => client.query('UPDATE catalog.operations SET leased_until = now()'))
      await runAll()
      expect(await getOperation(stage.control, id)).toMatchObject({ state: 'succeeded' })
      expect(await everything()).toEqual(before)
    },
  )

  it('gives back what a worker took that was too late to know of its being undone', async () => {
    const { ref } = await getTenant(stage.control, slug)
    const at = { phase: 'close', from: 'main', oldSchema: ref.schema, newSchema: `${ref.schema}_x` } as const
    const version = await readVersion(stage.control, ref)
    await takeVersion(stage.control, ref, version)
    await closeForWrites(stage.control.pools, ref)
    await moveOperation.abandon?.(stage.control, { slug, to: 'second' }, { ...at, ...version })
    expect(await readVersion(stage.control, ref)).toEqual(version)
    const pools = createDirectPools(stage.connection('api'))
    await openTenantDatabase(pools, ref).write("INSERT INTO products (name, price) VALUES ('written', 1)", [])
    await pools.end()
  })

  it('opens again what it has shut behind another worker who was undoing it', async () => {
    const { ref } = await getTenant(stage.control, slug)
    const { id } = await start()
    const slice = () => runSlice(stage.control, new Map([['move', moveOperation]]), { deadline: 0 })
    await slice()
    const { late } = await stage.asOwner(async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [ref.schema])
      const late = slice()
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      while ((await client.query(waiting)).rowCount === 0) await sleep(5)
      await client.query('UPDATE catalog.operations SET lease = gen_random_uuid() WHERE id = $1', [id])
      await client.query("UPDATE catalog.tenants SET status = 'active' WHERE slug = $1", [slug])
      return { late }
    })
    expect(await late).toBe('unfinished')
    expect((await readVersion(stage.control, ref)).version).toBe(2)
    const pools = createDirectPools(stage.connection('api'))
    await openTenantDatabase(pools, ref).write("INSERT INTO products (name, price) VALUES ('written', 1)", [])
    await pools.end()
    await stage.asOwner((client) => client.query('DELETE FROM catalog.operations WHERE id = $1', [id]))
  })

  it('begins nothing once it has passed to another worker', async () => {
    const { id } = await start()
    await runSlice(stage.control, new Map([['move', robbed(moveOperation)]]), { deadline: 0 })
    expect((await getTenant(stage.control, slug)).status).toBe('active')
    await stage.asOwner((client) => client.query('DELETE FROM catalog.operations WHERE id = $1', [id]))
  })

  it('keeps migrations and repairs away from the schema that is about to be left', async () => {
    const { ref } = await getTenant(stage.control, slug)
    await start()
    const seen: unknown[] = []
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        if (at.phase === 'copy') {
          const advance = stage.asOwner((client) =>
            client.query("SELECT atrium.advance_version($1, 1, 2, 'x')", [ref.schema]),
          )
          seen.push(await advance.catch((error) => error.code))
        }
        return moveOperation.step(control, input, at, tools)
      },
    })
    expect(seen).toEqual(['AT001'])
    expect((await getTenant(stage.control, slug)).ref.placement).toBe('second')
  })

  it('takes along the version that a migration brings it to while the move begins', async () => {
    const { ref } = await getTenant(stage.control, slug)
    const setVersion = (change: string, values: readonly unknown[] = []) =>
      stage.asOwner((client) =>
        client.query(`UPDATE atrium.tenant_versions SET ${change} WHERE schema_name = $1 RETURNING version, checksum`, [
          ...[ref.schema, ...values],
        ]),
      )
    const { version, checksum } = (await setVersion('version = version')).rows[0]
    // As if the run that brings it to what it is had not committed yet.
    await setVersion("version = version - 1, checksum = 'of the one before'")
    await start()
    let closes = 0
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        if (at.phase === 'close') closes += 1
        if (closes === 1 && at.phase === 'close') await setVersion('version = $2, checksum = $3', [version, checksum])
        return moveOperation.step(control, input, at, tools)
      },
    })
    expect(closes).toBe(2)
    const { ref: moved } = await getTenant(stage.control, slug)
    expect(moved.placement).toBe('second')
    const client = new pg.Client(second)
    await client.connect()
    const text = 'SELECT version, checksum FROM atrium.tenant_versions WHERE schema_name = $1'
    expect((await client.query(text, [moved.schema])).rows).toEqual([{ version, checksum }])
    await client.end()
  })

  it('leaves nothing behind when it is cancelled by one who cannot know yet that it has switched', async () => {
    const before = await everything()
    const { id } = await start()
    const dying: typeof moveOperation = {
      ...moveOperation,
      async step(control, input, at, tools) {
        const done = await moveOperation.step(control, input, at, tools)
        if (at.phase !== 'switch') return done
        await cancelOperation(stage.control, id, ['move'])
        throw new Error('the worker has died')
      },
    }
    const state = async () => {
      await runAll(dying)
      return (await getOperation(stage.control, id)).state
    }
    await expect.poll(state, { timeout: 10_000 }).toBe('cancelled')
    expect(await getTenant(stage.control, slug)).toMatchObject({ status: 'active', ref: { placement: 'second' } })
    expect(await everything()).toEqual(before)
    expect(await schemas()).toBe(1)
  })

  it('shuts nobody out who was left where he is', async () => {
    await start()
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        // The worker before has undone it, and died before it could say so.
        if (at.phase === 'switch') await moveOperation.abandon?.(control, input, at)
        return moveOperation.step(control, input, at, tools)
      },
    })
    const { ref, status } = await getTenant(stage.control, slug)
    expect({ placement: ref.placement, status }).toEqual({ placement: 'main', status: 'active' })
    expect(await isOpen()).toBe(true)
  })

  it('is not shut by an operator who finds it moving', async () => {
    await start()
    const opened: unknown[] = []
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        if (at.phase === 'copy') {
          await matchAccess(stage.control, slug)
          opened.push(await isOpen())
        }
        return moveOperation.step(control, input, at, tools)
      },
    })
    expect(new Set(opened)).toEqual(new Set([true]))
  })

  it('comes to its end although its tenant was purged before it could say so', async () => {
    await start()
    let last = (): Promise<unknown> => Promise.reject(new Error('nothing was dropped'))
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        if (at.phase === 'drop') last = () => moveOperation.step(control, input, at, tools)
        return moveOperation.step(control, input, at, tools)
      },
    })
    const { id } = await deleteTenant(stage.control, slug, new Date().toISOString())
    expect(await purgeTenant(stage.control, id)).toBe(0)
    expect(await last()).toMatchObject({ result: { tenant: slug, from: 'main', to: 'second' } })
  })

  it('is the one operation of its tenant, as a drain is of the tenant that it moves', async () => {
    const { id } = await startOperation(stage.control, drainOperation, {
      input: { placement: 'main' },
      tenant: null,
      operator: 'olga',
    })
    const slice = () => runSlice(stage.control, new Map([['drain', drainOperation]]), { deadline: 0 })
    await slice()
    const { tenant } = await getOperation(stage.control, id)
    expect(tenant).not.toBeNull()
    await expect(
      startOperation(stage.control, moveOperation, {
        input: { slug: tenant ?? '', to: 'second' },
        tenant,
        operator: 'olga',
      }),
    ).rejects.toMatchObject({ code: 'operation_running' })
    await slice()
    await cancelOperation(stage.control, id, ['drain'])
    await slice()
    expect(await getOperation(stage.control, id)).toMatchObject({ state: 'cancelled' })
    expect(await getTenant(stage.control, tenant ?? '')).toMatchObject({ status: 'active', ref: { placement: 'main' } })
    await updatePlacement(stage.control, 'main', { accepts_tenants: true })
  })

  it('can be cancelled half way, and the tenant stays', async () => {
    const { id } = await start()
    await runAll({
      ...moveOperation,
      async step(control, input, at, tools) {
        const step = await moveOperation.step(control, input, at, tools)
        if (at.phase === 'close') await cancelOperation(control, id, ['move'])
        return step
      },
    })
    expect(await getOperation(stage.control, id)).toMatchObject({ state: 'cancelled' })
    expect(await getTenant(stage.control, slug)).toMatchObject({ status: 'active', ref: { placement: 'main' } })
  })
})

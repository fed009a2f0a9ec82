import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import * as z from 'zod'
import type { OperationKind, OperationTools } from '../../../shared/control/operation.ts'
import { renew } from '../../../shared/control/operation-lease.ts'
import { cancelOperation, getOperation, startOperation } from '../../../shared/control/operations.ts'
import { type OperationKinds, runSlice } from '../../../shared/control/run-operations.ts'
import { AppError } from '../../../shared/errors.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let steps: { position: number; operation: string }[]
let during: (position: number, tools: OperationTools) => Promise<void>

const counting: OperationKind<{ to: number }, { at: number }> = {
  kind: 'count',
  input: z.object({ to: z.number() }),
  position: z.object({ at: z.number() }),
  start: { at: 0 },
  cancellable: true,
  async step(_, { to }, { at }, tools) {
    steps.push({ position: at, operation: tools.id })
    await during(at, tools)
    const next = { position: { at: at + 1 }, done: at + 1, total: to }
    return at + 1 === to ? { ...next, result: { counted: to } } : next
  },
}
const kinds: OperationKinds = new Map([['count', counting]])

beforeAll(async () => {
  stage = await createTestStage('control')
})
afterAll(() => stage.end())
beforeEach(() => {
  steps = []
  during = async () => undefined
})
afterEach(() => stage.asOwner((client) => client.query('DELETE FROM catalog.operations')))

const start = (to: number, tenant: string | null = null) =>
  startOperation(stage.control, counting, { input: { to }, tenant, operator: 'olga' })
const slice = (options: { deadline?: number; lease?: number } = {}) =>
  runSlice(stage.control, kinds, { deadline: Date.now() + 60_000, ...options })
const positions = () => steps.map(({ position }) => position)

it('works step by step until it ends, and keeps the result', async () => {
  const { id, state } = await start(3)
  expect(state).toBe('pending')
  expect(await slice()).toBe('finished')
  expect(await getOperation(stage.control, id)).toMatchObject({
    ...{
      state: 'succeeded',
      progress: { done: 3, total: 3 },
      result: { counted: 3 },
      started_by: 'olga',
      problem: null,
    },
    finished_at: expect.any(String),
  })
  expect(await slice()).toBe('idle')
})

it('is left at its deadline, and gone on with by the next slice where it stood', async () => {
  const { id } = await start(3)
  expect(await slice({ deadline: 0 })).toBe('unfinished')
  expect(await getOperation(stage.control, id)).toMatchObject({ state: 'running', progress: { done: 1, total: 3 } })
  expect(await slice({ deadline: 0 })).toBe('unfinished')
  expect(await slice({ deadline: 0 })).toBe('finished')
  expect(positions()).toEqual([0, 1, 2])
})

it('is worked on by one of many workers at a time', async () => {
  for (let n = 0; n < 3; n += 1) await start(5)
  const busy = new Set<string>()
  during = async (_, { id }) => {
    expect(busy.has(id)).toBe(false)
    busy.add(id)
    await sleep(5)
    busy.delete(id)
  }
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => slice()))
  expect(outcomes.filter((outcome) => outcome === 'finished')).toHaveLength(3)
  expect(steps).toHaveLength(15)
})

it('keeps its lease through a step that takes longer, as long as the worker lives', async () => {
  await start(1)
  during = () => sleep(1_500)
  const [first, second] = await Promise.all([slice({ lease: 600 }), sleep(1_000).then(() => slice({ lease: 600 }))])
  expect([first, second]).toEqual(['finished', 'idle'])
})

it('leaves no renewal under way when it is left: the function is frozen then', async () => {
  await start(1)
  during = () => sleep(230)
  let begun = 0
  let underWay = 0
  const withClient: typeof stage.control.pools.withClient = async (placement, access, work, use) => {
    if (use?.deadline === undefined) return stage.control.pools.withClient(placement, access, work, use)
    begun += 1
    underWay += 1
    await sleep(100) // a renewal, alone in having a deadline
    return stage.control.pools.withClient(placement, access, work).finally(() => (underWay -= 1))
  }
  const slowly = { ...stage.control, pools: { ...stage.control.pools, withClient } }
  expect(await runSlice(slowly, kinds, { deadline: 0, lease: 600 })).toBe('finished')
  expect({ begun: begun > 0, underWay }).toEqual({ begun: true, underWay: 0 })
})

it('gives a renewal up that is not answered, so that the next one may be', async () => {
  const { id } = await start(1)
  const token = randomUUID()
  await stage.asOwner((client) => client.query('UPDATE catalog.operations SET lease = $1', [token]))
  const { late } = await stage.asOwner(async (client) => {
    await client.query('SELECT FROM catalog.operations FOR UPDATE')
    return { late: await renew(stage.control, id, token, 90).catch((error) => error) }
  })
  expect(late).toBeInstanceOf(Error)
})

it('passes to another worker when its own is dead, which does that step again; a dead one that wakes leaves', async () => {
  const { id } = await start(2)
  let wake: () => void = () => undefined
  during = async (at) => {
    if (at === 0 && steps.length === 1) await new Promise<void>((resolve) => (wake = resolve))
  }
  const frozen = slice()
  while (steps.length === 0) await sleep(5)
  // As if its heart stood still: the lease has run out.
  await stage.asOwner((client) => client.query("UPDATE catalog.operations SET leased_until = now() - interval '1 s'"))
  expect(await slice()).toBe('finished')
  wake()
  expect(await frozen).toBe('unfinished')
  expect(positions()).toEqual([0, 0, 1])
  expect(await getOperation(stage.control, id)).toMatchObject({ state: 'succeeded' })
})

it('ends as failed at a refusal, with its code and detail', async () => {
  const { id } = await start(2)
  during = async () => {
    throw new AppError('wrong_status', 'Not now.')
  }
  expect(await slice()).toBe('finished')
  expect(await getOperation(stage.control, id)).toMatchObject({
    state: 'failed',
    problem: { code: 'wrong_status', detail: 'Not now.' },
  })
})

it.each(['unavailable', 'timed_out'] as const)('tries a step again after %s, later each time', async (code) => {
  const { id } = await start(2)
  during = async () => {
    if (steps.length < 3) throw new AppError(code, 'away')
  }
  const rush = () =>
    stage.asOwner((client) => client.query("UPDATE catalog.operations SET not_before = now() - interval '1 s'"))
  expect(await slice()).toBe('unfinished')
  expect(await slice()).toBe('idle')
  await rush()
  expect(await slice()).toBe('unfinished')
  await rush()
  expect(await slice()).toBe('finished')
  expect(positions()).toEqual([0, 0, 0, 1])

  const hopeless = await start(1)
  during = async () => {
    throw new TypeError('a fault of ours')
  }
  for (let n = 0; n < 8; n += 1) {
    await slice()
    await rush()
  }
  expect(await getOperation(stage.control, hopeless.id)).toMatchObject({
    state: 'failed',
    problem: { code: 'internal' },
  })
  expect(JSON.stringify(await getOperation(stage.control, hopeless.id))).not.toContain('a fault of ours')
  expect((await getOperation(stage.control, id)).state).toBe('succeeded')
})

it('is undone and ended when its workers die on one step again and again, and when it is cancelled meanwhile', async () => {
  const undone: number[] = []
  const undoing = {
    ...counting,
    abandon: async (_: unknown, __: unknown, { at }: { at: number }) => void undone.push(at),
  }
  const work = () => runSlice(stage.control, new Map([['count', undoing]]), { deadline: Date.now() + 60_000 })
  const { id } = await start(3)
  await stage.asOwner((client) =>
    client.query(
      `UPDATE catalog.operations SET state = 'running', position = '{"at":1}', attempts = 8, leased_until = now() - interval '1 s'`,
    ),
  )
  expect(await work()).toBe('finished')
  expect(steps).toEqual([])
  expect(undone).toEqual([1])
  expect(await getOperation(stage.control, id)).toMatchObject({ state: 'failed', problem: { code: 'internal' } })

  const other = await start(3)
  await stage.asOwner((client) =>
    client.query(`UPDATE catalog.operations SET state = 'running', cancel_requested = true WHERE id = $1`, [other.id]),
  )
  expect(await work()).toBe('finished')
  expect(await getOperation(stage.control, other.id)).toMatchObject({ state: 'cancelled' })
})

it('goes on undoing, and takes no further step, when undoing what had failed could not be finished', async () => {
  let tries = 0
  const undoing = {
    ...counting,
    async abandon() {
      tries += 1
      if (tries === 1) throw new AppError('unavailable', 'away')
    },
  }
  const work = () => runSlice(stage.control, new Map([['count', undoing]]), { deadline: Date.now() + 60_000 })
  const { id } = await start(1)
  during = async () => {
    if (steps.length === 1) throw new AppError('wrong_status', 'Not now.')
  }
  expect(await work()).toBe('unfinished')
  const problem = { code: 'wrong_status', detail: 'Not now.' }
  expect(await getOperation(stage.control, id)).toMatchObject({ state: 'running', problem })
  await stage.asOwner((client) => client.query('UPDATE catalog.operations SET not_before = now()'))
  expect(await work()).toBe('finished')
  expect(await getOperation(stage.control, id)).toMatchObject({ state: 'failed', problem })
  expect([steps.length, tries]).toEqual([1, 2])
})

it('undoes nothing of what has passed to another worker', async () => {
  const undone: number[] = []
  const undoing = {
    ...counting,
    abandon: async (_: unknown, __: unknown, { at }: { at: number }) => void undone.push(at),
  }
  await start(1)
  during = async () => {
    await stage.asOwner((client) => client.query('UPDATE catalog.operations SET lease = gen_random_uuid()'))
    throw new AppError('wrong_status', 'Not now.')
  }
  expect(await runSlice(stage.control, new Map([['count', undoing]]), { deadline: 0 })).toBe('unfinished')
  expect(undone).toEqual([])
})

it('is not cancelled where there is no way back', async () => {
  const kind = { ...counting, isPastReturn: ({ at }: { at: number }) => at >= 1 }
  const { id } = await start(3)
  during = async () => void (await cancelOperation(stage.control, id, ['count']))
  expect(await runSlice(stage.control, new Map([['count', kind]]), { deadline: Date.now() + 60_000 })).toBe('finished')
  expect(await getOperation(stage.control, id)).toMatchObject({ state: 'succeeded' })
  expect(positions()).toEqual([0, 1, 2])
})

it('refuses a second operation for the same tenant while the first is under way, and says which it is', async () => {
  const { id } = await start(1, 'acme')
  await start(1, 'other')
  await expect(start(1, 'acme')).rejects.toMatchObject({
    code: 'operation_running',
    message: expect.stringContaining(`Operation ${id} (count, by olga)`),
  })
  while ((await slice()) !== 'idle');
  await start(1, 'acme')
})

it('is cancelled at once while nobody has begun it, between two steps once somebody has, and not when it is over', async () => {
  const pending = await start(3)
  expect(await cancelOperation(stage.control, pending.id, ['count'])).toMatchObject({ state: 'cancelled' })
  expect(await slice()).toBe('idle')

  const running = await start(3)
  during = async () => void (await cancelOperation(stage.control, running.id, ['count']))
  expect(await slice()).toBe('finished')
  expect(await getOperation(stage.control, running.id)).toMatchObject({ state: 'cancelled' })
  expect(steps).toHaveLength(1)
  await expect(cancelOperation(stage.control, running.id, ['count'])).rejects.toMatchObject({
    code: 'operation_finished',
  })

  const whole = await start(2)
  during = async () => {
    await expect(cancelOperation(stage.control, whole.id, [])).rejects.toMatchObject({ code: 'operation_finished' })
  }
  expect(await slice()).toBe('finished')
  expect(await getOperation(stage.control, whole.id)).toMatchObject({ state: 'succeeded' })
})

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTurns, type Turns } from '../../../local/gateway/turns.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const limits = { busy: 2, settled: 20, stalled: 1_000 }

/** Takes turns, and notes in `order` whose they are as they begin. */
function takeAll(turns: Turns, names: readonly string[]) {
  const order: string[] = []
  const ends = new Map<string, () => void>()
  for (const name of names) {
    void turns.take().then((end) => {
      order.push(name)
      ends.set(name, end)
    })
  }
  return {
    order,
    async end(name: string) {
      ends.get(name)?.()
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

it('lets no more be busy than it says, and calls the next as one ends, in the order in which they came', async () => {
  const { order, end } = takeAll(createTurns({ ...limits, most: 4 }), ['a', 'b', 'c', 'd'])
  await pass(0)
  expect(order).toEqual(['a', 'b'])
  await end('b')
  expect(order).toEqual(['a', 'b', 'c'])
  await end('a')
  expect(order).toEqual(['a', 'b', 'c', 'd'])
})

it('lets who comes behind slow ones wait no longer than it takes to know that they only wait, up to the most', async () => {
  const { order, end } = takeAll(createTurns({ ...limits, most: 5 }), ['a', 'b', 'c', 'd', 'e', 'f'])
  await pass(20)
  expect(order).toEqual(['a', 'b', 'c', 'd'])
  await pass(20)
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e'])
  await pass(1_000)
  expect(order).toHaveLength(5)
  await end('c')
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

it('has nobody wait while there are slow ones alone', async () => {
  const turns = createTurns({ ...limits, most: 5 })
  takeAll(turns, ['slow', 'slower'])
  await pass(30)
  const { order } = takeAll(turns, ['quick'])
  await pass(0)
  expect(order).toEqual(['quick'])
})

it('lets one more begin whenever none has begun for a while', async () => {
  const { order } = takeAll(createTurns({ most: 5, busy: 2, settled: 1_000, stalled: 8 }), ['a', 'b', 'c', 'd'])
  await pass(7)
  expect(order).toEqual(['a', 'b'])
  await pass(1)
  expect(order).toEqual(['a', 'b', 'c'])
  await pass(8)
  expect(order).toEqual(['a', 'b', 'c', 'd'])
})

it('lets nobody begin before their turn while others end', async () => {
  const { order, end } = takeAll(createTurns({ most: 5, busy: 2, settled: 1_000, stalled: 8 }), ['a', 'b', 'c', 'd'])
  await pass(6)
  await end('a')
  expect(order).toEqual(['a', 'b', 'c'])
  await pass(6)
  expect(order).toEqual(['a', 'b', 'c'])
})

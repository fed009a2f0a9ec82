import { expect, it } from 'vitest'
import { isMet, type Measured } from '../../bench/bench.ts'
import { alone, latencyOf, throughputOf } from '../../bench/benches/measures.ts'
import { interleave, quantile, ratioOf } from '../../bench/interleave.ts'

it('does floor and subject by turns, each first in every other repetition, and throws the first away', async () => {
  const done: string[] = []
  const work = (name: string) => async () => {
    if (done.at(-1) !== name) done.push(name)
  }
  const both = await interleave({ work: work('floor') }, { work: work('subject') }, { repetitions: 3, pieces: 5 })
  expect(done).toEqual(['floor', 'subject', 'floor', 'subject', 'floor'])
  expect([both.throughput, both.floorThroughput, both.cpu].map(({ length }) => length)).toEqual([3, 3, 3])
  expect([both.latencies, both.floorLatencies].map(({ length }) => length)).toEqual([3, 3])
})

it('does as many pieces as it says, and as many at once', async () => {
  let [most, now, all] = [0, 0, 0]
  const work = async () => {
    now += 1
    all += 1
    most = Math.max(most, now)
    await new Promise(setImmediate)
    now -= 1
  }
  await interleave({ work }, { work, concurrency: 7 }, { repetitions: 1, pieces: 20 })
  expect({ most, all }).toEqual({ most: 7, all: 80 })
})

it('reckons medians, ratios by the repetition, and how far they lie apart', () => {
  expect(quantile([5, 1, 3], 0.5)).toBe(3)
  expect(quantile([], 0.99)).toBe(0)
  expect(ratioOf([1, 2, 3], [2, 2, 2])).toEqual({ ratio: 1, spread: 1 })
})

const measured = {
  ...{ latency: { median: 2, p99: 9 }, floorLatency: { median: 1, p99: 3 } },
  ...{ latencies: [{ median: 2, p99: 9 }], floorLatencies: [{ median: 1, p99: 3 }] },
  ...{ throughput: [500, 500], floorThroughput: [1_000, 1_000], cpu: [1], floorCpu: [1] },
}
const named = { measure: 'm', floor: 'f' }

it.each<[string, Measured, boolean | undefined]>([
  ['half the throughput', throughputOf({ ...named, goal: { at: 'least', value: 0.5 } }, measured), true],
  ['half the throughput', throughputOf({ ...named, goal: { at: 'least', value: 0.6 } }, measured), false],
  ['twice the time', latencyOf({ ...named, goal: { at: 'most', value: 1.9 } }, measured), false],
  ['a count', alone({ ...named, unit: 'flights', goal: { at: 'most', value: 1 } }, [1]), true],
  ['no goal', alone({ ...named, unit: 'MB', goal: null }, [1]), undefined],
])('tells of %s whether a goal is met', (_, row, met) => {
  expect(isMet(row)).toBe(met)
})

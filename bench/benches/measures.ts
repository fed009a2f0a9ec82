import type { Measured } from '../bench.ts'
import { type Interleaved, quantile, ratioOf } from '../interleave.ts'

interface Named extends Pick<Measured, 'measure' | 'floor' | 'goal'> {}

/** How many a second, as a multiple of the floor's. */
export function throughputOf(named: Named, measured: Interleaved): Measured {
  return {
    ...named,
    unit: 'ms',
    ...measured.latency,
    floorMedian: measured.floorLatency.median,
    ...ratioOf(measured.throughput, measured.floorThroughput),
  }
}

/** How long one takes, as a multiple of the floor's. */
export function latencyOf(named: Named, measured: Interleaved): Measured {
  const { ratio, spread } = ratioOf(
    measured.throughput.map((each) => 1 / each),
    measured.floorThroughput.map((each) => 1 / each),
  )
  return { ...named, unit: 'ms', ...measured.latency, floorMedian: measured.floorLatency.median, ratio, spread }
}

/** What is counted or measured by itself, the median of its repetitions. */
export function alone(
  named: Named & Pick<Measured, 'unit'>,
  values: readonly number[],
  floorMedian: number | null = null,
): Measured {
  const median = quantile(values, 0.5)
  const spread = values.length > 1 && median !== 0 ? (Math.max(...values) - Math.min(...values)) / median : null
  return { ...named, median, p99: null, floorMedian, ratio: null, spread }
}

import type { BenchStage, StageOptions } from './stage.ts'

/** What a measure is to reach, as a multiple of its floor, or in its own unit where there is no floor. */
export interface Goal {
  readonly at: 'least' | 'most'
  readonly value: number
}

/** One measure beside its floor, as bench/results.json keeps it. */
export interface Measured {
  readonly measure: string
  /** What it is held against. */
  readonly floor: string
  readonly unit: 'ms' | 'µs' | 'per s' | 'flights' | 'KB' | 'MB' | 'requests'
  readonly median: number
  /** Null where single ones are not told apart. */
  readonly p99: number | null
  readonly floorMedian: number | null
  /** Median over the repetitions of measure by floor; null for a measure without a floor. */
  readonly ratio: number | null
  /** From the lowest to the highest repetition's ratio, as a share of the median. */
  readonly spread: number | null
  readonly goal: Goal | null
}

export interface BenchContext {
  /** Takes under 2 minutes for all benches together: to see that they work, not to judge by. */
  readonly quick: boolean
  /** A stage of the bench's own, which is ended for it. */
  openStage(options?: StageOptions): Promise<BenchStage>
  /** Says what is under way. */
  progress(text: string): void
}

export interface Bench {
  readonly name: string
  /** What is measured, in a sentence. */
  readonly about: string
  run(context: BenchContext): Promise<Measured[]>
}

/** What a goal is held against: the ratio, or the median where there is no floor. */
export function isMet({ ratio, median, goal }: Measured): boolean | undefined {
  if (goal === null) return undefined
  const value = ratio ?? median
  return goal.at === 'least' ? value >= goal.value : value <= goal.value
}

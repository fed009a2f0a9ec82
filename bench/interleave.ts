/** A piece of work, and how many of it are under way at once. */
export interface Subject {
  readonly work: (n: number) => Promise<unknown>
  readonly concurrency?: number
}

export interface Interleaved {
  /** Of all repetitions, in milliseconds of one piece of work. */
  readonly latency: Spread
  readonly floorLatency: Spread
  /** The same of each repetition. */
  readonly latencies: readonly Spread[]
  readonly floorLatencies: readonly Spread[]
  /** Pieces a second, by the repetition. */
  readonly throughput: readonly number[]
  readonly floorThroughput: readonly number[]
  /** CPU of this process, in microseconds a piece, by the repetition. */
  readonly cpu: readonly number[]
  readonly floorCpu: readonly number[]
}

export interface Spread {
  readonly median: number
  readonly p99: number
}

interface Batch {
  readonly latencies: number[]
  readonly throughput: number
  readonly cpu: number
}

/**
 * Measures a subject and its floor by turns, each first in every other repetition: what else the machine does, and how warm it
 * is, touches both alike. A first repetition of each is thrown away.
 */
export async function interleave(
  floor: Subject,
  subject: Subject,
  { repetitions, pieces }: { readonly repetitions: number; readonly pieces: number },
): Promise<Interleaved> {
  const batches: { floor: Batch; subject: Batch }[] = []
  for (let repetition = 0; repetition <= repetitions; repetition += 1) {
    const both = await byTurns(
      repetition,
      () => runBatch(floor, pieces),
      () => runBatch(subject, pieces),
    )
    if (repetition > 0) batches.push(both)
  }
  return {
    latency: spreadOf(batches.flatMap((each) => each.subject.latencies)),
    floorLatency: spreadOf(batches.flatMap((each) => each.floor.latencies)),
    latencies: batches.map((each) => spreadOf(each.subject.latencies)),
    floorLatencies: batches.map((each) => spreadOf(each.floor.latencies)),
    throughput: batches.map((each) => each.subject.throughput),
    floorThroughput: batches.map((each) => each.floor.throughput),
    cpu: batches.map((each) => each.subject.cpu),
    floorCpu: batches.map((each) => each.floor.cpu),
  }
}

/** Does both, the floor first in every other repetition: whoever comes second finds the machine as the other has left it. */
export async function byTurns<Floor, Own>(
  repetition: number,
  floor: () => Promise<Floor>,
  subject: () => Promise<Own>,
): Promise<{ readonly floor: Floor; readonly subject: Own }> {
  if (repetition % 2 === 0) return { floor: await floor(), subject: await subject() }
  const first = await subject()
  return { floor: await floor(), subject: first }
}

async function runBatch({ work, concurrency = 1 }: Subject, pieces: number): Promise<Batch> {
  const latencies: number[] = []
  let next = 0
  const worker = async () => {
    while (next < pieces) {
      const n = next
      next += 1
      const begun = performance.now()
      await work(n)
      latencies.push(performance.now() - begun)
    }
  }
  const cpu = process.cpuUsage()
  const begun = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  const seconds = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { latencies, throughput: pieces / seconds, cpu: (user + system) / pieces }
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), p99: quantile(values, 0.99) }
}

/** By the nearest rank; 0 of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** The median of the repetitions' ratios, and from the lowest to the highest of them as a share of it. */
export function ratioOf(
  values: readonly number[],
  floors: readonly number[],
): { readonly ratio: number; readonly spread: number } {
  const ratios = values.map((value, at) => value / (floors[at] ?? Number.NaN))
  const ratio = quantile(ratios, 0.5)
  return { ratio, spread: (Math.max(...ratios) - Math.min(...ratios)) / ratio }
}

import { readFileSync } from 'node:fs'
import pg from 'pg'
import { getTenant } from '../../shared/control/list-tenants.ts'
import type { Pools } from '../../shared/db/pools.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import type { Bench, Measured } from '../bench.ts'
import { fill } from '../fill.ts'
import { type Interleaved, interleave, ratioOf, spreadOf } from '../interleave.ts'
import type { BenchStage } from '../stage.ts'
import { alone, latencyOf } from './measures.ts'
import { listOf } from './read.ts'

export const growth: Bench = {
  name: 'growth',
  about: 'Read any tenant, of few or of many, while another is made every second.',
  async run({ quick, openStage, progress }) {
    const few = await openReaders(await openStage(), 10, progress)
    const sizes = quick
      ? [{ tenants: 60, placements: 2 }]
      : [
          { tenants: 1_000, placements: 2 },
          { tenants: 10_000, placements: 20 },
        ]
    const measured: Measured[] = []
    for (const { tenants, placements } of sizes) {
      const stage = await openStage({ placements })
      const many = await openReaders(stage, tenants, progress)
      // In both: what a new tenant costs those that are there is to be known, and not what else the machine has to do.
      let made = 0
      const making = setInterval(() => {
        made += 1
        for (const each of [few.stage, stage]) void each.createTenant(`late-${tenants}-${made}`)
      }, 1_000)
      for (const [name, drawOfFew, draw] of [
        ['uniform', () => uniform(10), () => uniform(tenants)],
        ['Zipf', zipf(10), zipf(tenants)],
      ] as const) {
        progress(`${tenants.toLocaleString('en')} tenants, ${name}`)
        const both = await interleave(
          { work: () => few.read(drawOfFew()), concurrency: instances },
          { work: () => many.read(draw()), concurrency: instances },
          { repetitions: quick ? 2 : 10, pieces: quick ? 300 : 5_000 },
        )
        measured.push(...beside(`${tenants.toLocaleString('en')} tenants, ${name}`, both))
        if (name === 'uniform') {
          const measure = `${tenants.toLocaleString('en')} tenants, each for the first time over a connection`
          const [first, later] = [spreadOf(many.firsts).median, both.latency.median]
          measured.push({
            ...alone({ measure, floor: 'later reads', unit: 'ms', goal: null }, [first], later),
            ratio: first / later,
          })
        }
      }
      clearInterval(making)
      measured.push(
        alone(
          {
            measure: `${tenants.toLocaleString('en')} tenants: the largest backend's own memory`,
            floor: '',
            unit: 'MB',
            goal: { at: 'most', value: 32 },
          },
          [await largestBackend(stage)],
        ),
      )
      await many.end()
      await stage.end()
    }
    await few.end()
    return measured
  },
}

function beside(measure: string, both: Interleaved): Measured[] {
  const floor = 'itself at 10 tenants'
  const goal = { at: 'most', value: 1.3 } as const
  return [
    latencyOf({ measure: `${measure}, mean`, floor, goal: null }, both),
    ...(['median', 'p99'] as const).map((which): Measured => {
      const of = (latencies: Interleaved['latencies']) => latencies.map((each) => each[which])
      const named = { measure: `${measure}, ${which}`, floor, unit: 'ms', goal } as const
      return {
        ...alone(named, [both.latency[which]], both.floorLatency[which]),
        ...ratioOf(of(both.latencies), of(both.floorLatencies)),
      }
    }),
  ]
}

/** Function instances that read at once. */
const instances = 2

interface Readers {
  readonly stage: BenchStage
  /** Milliseconds that each connection's first read of a tenant took. */
  readonly firsts: readonly number[]
  read(tenant: number): Promise<unknown>
  end(): Promise<void>
}

/** Instances with a connection to each placement, over each of which every tenant has been read once. */
async function openReaders(stage: BenchStage, tenants: number, progress: (text: string) => void): Promise<Readers> {
  const slugs = await fill(stage, tenants, progress, (slug, placement) => stage.createShop(slug, 20, placement))
  const refs: Tenant['ref'][] = []
  for (const slug of slugs) refs.push((await getTenant(stage.control, slug)).ref)
  // An instance keeps three placements' connections: so these are a pool each, as of many instances.
  const idle = Array.from(
    { length: instances },
    () => new Map(stage.placements.map((name) => [name, stage.openPools()])),
  )
  const all = [...idle]
  const firsts: number[] = []
  const readOn = (pools: ReadonlyMap<string, Pools>, tenant: number) => {
    const ref = refs[tenant]
    const open = ref && pools.get(ref.placement)
    if (ref === undefined || open === undefined) throw new Error(`there is no tenant ${tenant}`)
    return openTenantDatabase(open, ref).read(listOf('products'), ['0'])
  }
  progress(`${tenants.toLocaleString('en')} tenants, for the first time`)
  await Promise.all(
    all.map(async (pools) => {
      for (let tenant = 0; tenant < tenants; tenant += 1) {
        const begun = performance.now()
        await readOn(pools, tenant)
        firsts.push(performance.now() - begun)
      }
    }),
  )
  return {
    stage,
    firsts,
    async read(tenant) {
      const pools = idle.pop()
      if (pools === undefined) throw new Error(`more than ${instances} read at once`)
      try {
        return await readOn(pools, tenant)
      } finally {
        idle.push(pools)
      }
    },
    async end() {
      await Promise.all(all.flatMap((pools) => [...pools.values()].map((each) => each.end())))
    },
  }
}

const uniform = (tenants: number) => Math.floor(Math.random() * tenants)

/** The n-th tenant is asked for 1/n as often as the first. */
function zipf(tenants: number): () => number {
  const sums: number[] = []
  let sum = 0
  for (let n = 1; n <= tenants; n += 1) {
    sum += 1 / n
    sums.push(sum)
  }
  return () => {
    const drawn = Math.random() * sum
    let [low, high] = [0, tenants - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < drawn) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Megabytes of its own, without the shared buffers that it has touched, of either plane's connections; by /proc, and so on Linux alone. */
async function largestBackend(stage: BenchStage): Promise<number> {
  const client = new pg.Client(stage.superuser)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE usename LIKE 'bench\\_%'",
  )
  await client.end()
  const sizes = rows.map(({ pid }) => {
    const [, kilobytes] = /^Anonymous:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
    return Number(kilobytes ?? 0) / 1_024
  })
  return Math.round(Math.max(0, ...sizes) * 10) / 10
}

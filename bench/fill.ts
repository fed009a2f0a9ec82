import type { BenchStage } from './stage.ts'

let filled = 0

/** Makes so many tenants, spread over the placements evenly. */
export async function fill(
  stage: BenchStage,
  count: number,
  progress: (text: string) => void,
  each: (slug: string, placement: string) => Promise<unknown> = stage.createTenant,
): Promise<string[]> {
  const slugs: string[] = []
  let next = 0
  const worker = async () => {
    while (next < count) {
      const n = next
      next += 1
      filled += 1
      const slug = `shop-${filled}`
      slugs.push(slug)
      await each(slug, stage.placements[n % stage.placements.length] ?? '')
      if (next % 1_000 === 0) progress(`${next.toLocaleString('en')} of ${count.toLocaleString('en')} tenants made`)
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return slugs
}

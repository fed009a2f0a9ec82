/** Runs one bench in this process, so that none finds the other's modules warm, and sends what it measured to whoever forked it. */
import { benches } from './benches.ts'
import { type BenchStage, openStage } from './stage.ts'

const [name, quick] = process.argv.slice(2)
const bench = benches.find((each) => each.name === name)
if (bench === undefined) throw new Error(`there is no bench "${name}"`)
const opened = new Set<BenchStage>()
try {
  const measured = await bench.run({
    quick: quick === 'quick',
    progress: (text) => process.stderr.write(`  ${text}\n`),
    async openStage(options) {
      const stage = await openStage(options)
      const tracked: BenchStage = {
        ...stage,
        end() {
          opened.delete(tracked)
          return stage.end()
        },
      }
      opened.add(tracked)
      return tracked
    },
  })
  process.send?.(measured)
} finally {
  await Promise.all([...opened].map((stage) => stage.end()))
  process.disconnect?.()
}

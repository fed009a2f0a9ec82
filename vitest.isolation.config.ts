import { defineConfig, mergeConfig } from 'vitest/config'
import common from './vitest.config.ts'

/** The longer suites: they take minutes, and PgBouncer, which is Debian's and not npm's. */
export default mergeConfig(
  { ...common, test: { ...common.test, include: [] } },
  defineConfig({
    test: { include: ['test/isolation/*.long.ts', 'test/isolation/fuzz.test.ts'], env: { FUZZ_RUNS: '10000' } },
  }),
)

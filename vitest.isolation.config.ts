import { defineConfig } from 'vitest/config'
import { common, globalSetup } from './vitest.config.ts'

/** The longer suites: they take minutes, and PgBouncer, which is Debian's and not npm's. */
export default defineConfig({
  test: {
    ...{ ...common, globalSetup },
    include: ['test/isolation/*.long.ts', 'test/isolation/fuzz.test.ts'],
    env: { FUZZ_RUNS: '10000' },
  },
})

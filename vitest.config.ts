import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: 'test/support/after-each.ts',
    // Real servers and real processes: what is slow here is the machine. No test asserts a duration.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})

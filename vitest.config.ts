import { defineConfig } from 'vitest/config'

/** What every suite has in common. */
export const common = {
  setupFiles: ['test/support/after-each.ts'],
  // Real servers and real processes: what is slow here is the machine. No test asserts a duration.
  testTimeout: 60_000,
  hookTimeout: 120_000,
}

export const globalSetup = 'test/support/global-setup.ts'

export default defineConfig({
  test: {
    globalSetup,
    // A worker for each core, where vitest would leave one free: tests wait for servers and processes more than they compute.
    maxWorkers: '100%',
    projects: [
      { test: { ...common, name: 'suite', include: ['test/**/*.test.ts'], sequence: { groupOrder: 1 } } },
      // Reads what all the others have sent. (A group 0 would come last where one worker runs it.)
      { test: { ...common, name: 'last', include: ['test/**/*.last.ts'], sequence: { groupOrder: 2 } } },
    ],
  },
})

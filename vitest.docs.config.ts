import { defineConfig } from 'vitest/config'
import { common } from './vitest.config.ts'

/** Every command of the documentation, run as it stands there. */
export default defineConfig({
  test: { ...common, name: 'docs', include: ['test/docs/*.docs.ts'], testTimeout: 900_000 },
})

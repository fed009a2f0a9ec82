import { defineConfig } from 'vitest/config'
import { common } from './vitest.config.ts'

/** What needs a browser: Chromium as Debian has it, or the one that $CHROMIUM names. */
export default defineConfig({
  test: { ...common, name: 'browser', include: ['test/browser/**/*.browser.ts'] },
})

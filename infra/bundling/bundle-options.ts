import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { getBuiltins } from './get-builtins.ts'
import { leaveOut } from './leave-out.ts'

/** The project's folder, where the paths of entries begin. */
export const project = fileURLToPath(new URL('../..', import.meta.url))

/** How every function is bundled: for AWS, for `npm run dev` and for tests. */
export const bundleOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // The ES modules of packages that have both: what is not used of them is left out.
  mainFields: ['module', 'main'],
  minify: true,
  // Named by no comment: Node would read the map and measure every line before it runs the code, 7 ms. It is read when there
  // is an error (shared/original-stack.ts).
  sourcemap: 'external',
  sourcesContent: false,
  plugins: [leaveOut, getBuiltins],
} satisfies BuildOptions

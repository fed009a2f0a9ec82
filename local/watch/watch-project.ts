import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { bundleOptions } from '../../infra/bundling/bundle-options.ts'
import { type BundledFiles, filesOfFunctions, migrationFiles } from '../../infra/bundling/bundled-files.ts'
import type { RenewablePool } from '../gateway/function-pool.ts'
import { type CodeWatch, watchCode } from './watch-code.ts'

/** Milliseconds in which a change is to be live. */
const goal = 1_000

/** As the functions are bundled for AWS. */
const bundled: { readonly build: BuildOptions; readonly files: BundledFiles } = {
  build: bundleOptions,
  files: Object.assign({}, migrationFiles, ...Object.values(filesOfFunctions)),
}

/** Watches this project's own code for `npm run dev`, and says on stderr what became of each change. */
export async function watchProject(folder: string, functions: readonly RenewablePool[]): Promise<CodeWatch> {
  const watching = await watchCode({
    ...{ project: fileURLToPath(new URL('../..', import.meta.url)), folder, functions, ...bundled },
    onLive: (milliseconds) => console.error(`Live after ${Math.round(milliseconds)} ms (goal: ${goal} ms).`),
    onProblem: (message) => console.error(`${message}\nNot live: the last good code goes on.`),
  })
  console.error('\nWatching functions/ and shared/. New routes, infra/ and migrations come with the next start.')
  return watching
}

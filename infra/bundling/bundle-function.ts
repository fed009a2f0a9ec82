import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundleOptions } from './bundle-options.ts'
import type { BundledFiles } from './bundled-files.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Bundles the code of a function, from a file of the project, into `index.mjs` of a folder, with what comes beside it. Answers
 * the bytes of the code.
 */
export async function bundleFunction(entry: string, folder: string, files: BundledFiles = {}): Promise<number> {
  const { metafile } = await build({
    ...bundleOptions,
    ...{ absWorkingDir: project, entryPoints: [entry], outfile: join(folder, 'index.mjs'), metafile: true },
    logLevel: 'warning',
  })
  for (const [place, path] of Object.entries(files)) {
    cpSync(join(project, path), join(folder, place), { recursive: true })
  }
  const code = Object.entries(metafile.outputs).filter(([file]) => !file.endsWith('.map'))
  return code.reduce((sum, [, { bytes }]) => sum + bytes, 0)
}

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile } from 'esbuild'
import { bundleOptions } from './bundle-options.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

/** Bundles the code of a function, from a file of the project, into `index.mjs` of a folder. Answers what is in it. */
export async function bundleFunction(entry: string, folder: string): Promise<Metafile> {
  const { metafile } = await build({
    ...bundleOptions,
    ...{ absWorkingDir: project, entryPoints: [entry], outfile: join(folder, 'index.mjs'), metafile: true },
    logLevel: 'warning',
  })
  return metafile
}

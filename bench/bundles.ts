import { cpSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { filesOfFunctions } from '../infra/constructs/bundling.ts'
import { projectFolder } from '../test/support/project-folder.ts'

/** As infra/constructs/bundling.ts has functions bundled. */
const options = {
  ...{ bundle: true, platform: 'node', format: 'esm', target: 'node24', mainFields: ['module', 'main'], minify: true },
  external: ['pg-native'],
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  logLevel: 'error',
} as const satisfies BuildOptions

/** Bundles a function of the application plane into a folder, with what stands beside it. */
export async function bundleFunction(name: string, folder: string): Promise<void> {
  await bundleFile(join(projectFolder, `functions/${name}/handler.ts`), folder)
  for (const [place, path] of Object.entries(filesOfFunctions[name] ?? {})) {
    mkdirSync(dirname(join(folder, place)), { recursive: true })
    cpSync(join(projectFolder, path), join(folder, place), { recursive: true })
  }
}

export async function bundleFile(entry: string, folder: string): Promise<void> {
  await build({ ...options, entryPoints: [entry], outfile: join(folder, 'index.mjs'), absWorkingDir: projectFolder })
}

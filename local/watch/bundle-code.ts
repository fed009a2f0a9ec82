import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type BuildOptions, context } from 'esbuild'

/** A function and the file that its bundle is made from. */
export interface BundledFunction {
  readonly construct: string
  readonly entry: string
}

export interface Bundler {
  /** Bundles all functions into a folder each, under `folder`. Rejects with esbuild's errors. */
  bundle(folder: string): Promise<void>
  close(): Promise<void>
}

/** Bundles as `cdk deploy` does, and again what has changed only. */
export async function createBundler(
  project: string,
  functions: readonly BundledFunction[],
  options: BuildOptions,
): Promise<Bundler> {
  const outdir = join(project, 'bundles') // nothing is written there: see below
  const building = await context({
    ...options,
    ...{ absWorkingDir: project, bundle: true, platform: 'node', write: false, outdir, logLevel: 'silent' },
    entryPoints: functions.map(({ construct, entry }) => ({ in: entry, out: join(construct, 'index') })),
    outExtension: { '.js': '.mjs' },
  })
  return {
    async bundle(folder) {
      const { outputFiles = [] } = await building.rebuild()
      for (const { path, contents } of outputFiles) {
        const target = join(folder, basename(dirname(path)))
        mkdirSync(target, { recursive: true })
        writeFileSync(join(target, basename(path)), contents)
      }
      for (const { construct } of functions) {
        symlinkSync(join(project, 'shared/db/migrations'), join(folder, construct, 'migrations'))
      }
    },
    close: () => building.dispose(),
  }
}

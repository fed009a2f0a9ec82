import { basename } from 'node:path'
import { build } from 'esbuild'
import { bundleOptions, project } from './bundle-options.ts'

/** What is deployed of a file of `functions/`, with all that it imports. */
export interface Bundle {
  readonly code: Uint8Array
  readonly map: Uint8Array
}

/**
 * Bundles files of the project, each for itself, and answers them by their paths. They are made in one build, which reads what
 * they share once: all functions in 2.7 s, in the place of 10.7 with a build for each (measured); a bundle is the same, byte
 * for byte, whoever it is built with.
 */
export async function bundleFunctions(entries: readonly string[]): Promise<Map<string, Bundle>> {
  const { outputFiles } = await build({
    ...bundleOptions,
    ...{ absWorkingDir: project, logLevel: 'warning', write: false },
    // As if they were made at the project's root: the maps' paths begin there, and do not change with who bundles where.
    outdir: project,
    outExtension: { '.js': '.mjs' },
    entryPoints: entries.map((entry, position) => ({ in: entry, out: `bundle-${position}` })),
  })
  const contents = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]))
  const read = (file: string): Uint8Array => {
    const content = contents.get(file)
    if (content === undefined) throw new Error(`esbuild made no ${file}`)
    return content
  }
  return new Map(
    entries.map((entry, position) => {
      const file = `bundle-${position}.mjs`
      return [entry, { code: read(file), map: read(`${file}.map`) }]
    }),
  )
}

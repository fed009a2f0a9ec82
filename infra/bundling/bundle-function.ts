import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bundle, bundleFunctions } from './bundle-functions.ts'
import { project } from './bundle-options.ts'
import type { BundledFiles } from './bundled-files.ts'

/**
 * Bundles the code of a function, from a file of the project, into `index.mjs` of a folder, with what comes beside it. Answers
 * the bytes of the code.
 */
export async function bundleFunction(entry: string, folder: string, files: BundledFiles = {}): Promise<number> {
  const bundle = (await bundleFunctions([entry])).get(entry) as Bundle
  writeBundle(bundle, folder, files)
  return bundle.code.length
}

/** Writes a bundle as Lambda wants it, into a folder that may not be there yet, with what comes beside it. */
export function writeBundle({ code, map }: Bundle, folder: string, files: BundledFiles): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'index.mjs'), code)
  writeFileSync(join(folder, 'index.mjs.map'), map)
  for (const [place, path] of Object.entries(files)) {
    cpSync(join(project, path), join(folder, place), { recursive: true })
  }
}

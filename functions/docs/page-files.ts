import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** What the pages are made of, by name, and where in the project it is. Bundles have copies of them in `files/`. */
export const pageFiles = {
  'index.html': 'functions/docs/page/index.html',
  'docs.js': 'functions/docs/page/docs.js',
  'swagger-ui.css': 'node_modules/swagger-ui-dist/swagger-ui.css',
  'swagger-ui-bundle.js': 'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
  'problems.html': 'functions/docs/page/problems.html',
  'openapi.json': 'api/openapi.json',
} as const

export type PageFile = keyof typeof pageFiles

/** Reads a file from beside the bundle, or, where the code is not bundled, from the project. */
export function readPageFile(name: PageFile): Promise<Buffer> {
  const bundled = new URL(`./files/${name}`, import.meta.url)
  return readFile(existsSync(bundled) ? bundled : new URL(`../../${pageFiles[name]}`, import.meta.url))
}

import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'

/** `file:///var/task/index.mjs:12:345` */
const place = /file:\/\/(\/\S+\.mjs):(\d+):(\d+)/g

/** What was read of the maps beside the bundle; undefined where there is none. */
const maps = new Map<string, SourceMap | undefined>()

/**
 * An error's stack in the files and lines of the source. Node would do it by itself (`--enable-source-maps`) with maps that it
 * reads at each start; this reads them at the first error.
 */
export function originalStack(stack: string | undefined): string | undefined {
  return stack?.replace(place, (found, file: string, line: string, column: string) => {
    const origin = mapOf(file)?.findOrigin(Number(line), Number(column))
    return origin !== undefined && 'fileName' in origin
      ? `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`
      : found
  })
}

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(file))
  return maps.get(file)
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
  } catch {
    return undefined // the code is not bundled, or comes without its maps
  }
}

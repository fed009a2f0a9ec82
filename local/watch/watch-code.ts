import { mkdirSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BuildOptions } from 'esbuild'
import type { RenewablePool } from '../gateway/function-pool.ts'
import { createBundler } from './bundle-code.ts'
import { createTypeCheck } from './check-types.ts'

export interface CodeWatch {
  close(): Promise<void>
}

export interface CodeWatchOptions {
  /** The folder that holds `functions/` and `shared/`. */
  readonly project: string
  /** Where bundles are written, and what the compiler remembers. */
  readonly folder: string
  /** Those whose code is renewed. */
  readonly functions: readonly RenewablePool[]
  readonly build: BuildOptions
  /** What stands beside each bundle. */
  readonly files: Readonly<Record<string, string>>
  /** Told of each change that is live, and after how many milliseconds. */
  onLive(milliseconds: number): void
  /** Told why a change is not live: the compiler's errors, or esbuild's. */
  onProblem(message: string): void
}

/** Editors write a file in several steps, and save several at once. */
const settling = 30

/**
 * Brings each change of `functions/` and `shared/` to the functions, once the compiler finds nothing in it; until then the
 * last good code goes on.
 */
export async function watchCode(options: CodeWatchOptions): Promise<CodeWatch> {
  const { project, folder, functions, build, files, onLive, onProblem } = options
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const bundled = functions.flatMap((pool) => {
    const { construct, entry } = pool.function
    return entry === undefined ? [] : [{ pool, construct, entry }]
  })
  const bundler = await createBundler(project, bundled, build, files)
  const checkTypes = createTypeCheck(project, folder)
  let changes = 0
  let running: Promise<void> | undefined
  /** The newest last. One before it is kept: what is under way on it may load more of its code. */
  const live: string[] = []

  const bringLive = async (): Promise<void> => {
    for (let seen = -1; seen !== changes; ) {
      const begun = performance.now()
      await sleep(settling)
      seen = changes
      const next = join(folder, String(seen))
      const problem = await findProblem(next)
      if (seen !== changes) rmSync(next, { recursive: true, force: true })
      else if (problem !== '') {
        rmSync(next, { recursive: true, force: true })
        onProblem(problem)
      } else {
        for (const { pool, construct } of bundled) pool.renew(join(next, construct))
        live.push(next)
        for (const outlived of live.splice(0, live.length - 2)) rmSync(outlived, { recursive: true, force: true })
        onLive(performance.now() - begun)
      }
    }
  }

  const findProblem = async (next: string): Promise<string> => {
    const bundling = bundler.bundle(next).then(
      () => '',
      (error: Error) => error.message,
    )
    const [ofTypes, ofBundles] = await Promise.all([checkTypes(), bundling])
    return ofTypes === '' ? ofBundles : ofTypes
  }

  const onChange = () => {
    changes += 1
    running ??= bringLive().finally(() => {
      running = undefined
    })
  }
  // Both remember what they have seen, which makes the first change's turn as short as the next one's.
  const first = join(folder, 'first')
  await Promise.all([checkTypes(), bundler.bundle(first).catch(() => undefined)])
  rmSync(first, { recursive: true, force: true })
  const watchers = ['functions', 'shared'].map((each) => watch(join(project, each), { recursive: true }, onChange))
  return {
    async close() {
      for (const watcher of watchers) watcher.close()
      await running
      await bundler.close()
    },
  }
}

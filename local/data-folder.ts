import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { CommandError } from './command-line.ts'
import { isFolderLocked } from './folder-lock.ts'

/** What a local stage keeps between starts, in a git-ignored folder that only its user may enter. */
export interface DataFolder {
  readonly path: string
  /** Passwords of the embedded server, drawn on the first start. */
  readonly passwords: Passwords
  writeRunning(running: Running | undefined): void
  /** Variables for functions that are invoked by themselves while the stage runs, as SAM CLI reads them from a file. */
  writeVariables(variables: Readonly<Record<string, string>> | undefined): void
  /** How far the demo data have come: nothing yet, begun and perhaps cut short, or loaded. */
  readDemo(): DemoState
  writeDemo(state: DemoState): void
  /** An API key for each demo tenant, by slug, in a file that only its user may read. */
  readonly keys: KeyRing
}

export interface KeyRing {
  readonly file: string
  get(slug: string): string | undefined
  set(slug: string, key: string): void
}

const passwords = z.object({ superuser: z.string(), master: z.string(), api: z.string(), control: z.string() })
export type Passwords = z.output<typeof passwords>

/** The gateway that is using the folder, for commands that speak to it. */
const running = z.object({
  pid: z.int(),
  url: z.string(),
  controlUrl: z.string(),
  operatorTokenFile: z.string(),
  secretsUrl: z.string(),
  accessKeyId: z.string(),
})
export type Running = z.output<typeof running>

const keys = z.record(z.string(), z.string())

const demo = z.object({ state: z.enum(['none', 'loading', 'loaded']) })
export type DemoState = z.output<typeof demo>['state']

export const defaultDataFolder = fileURLToPath(new URL('../.atrium', import.meta.url))

/** Opens the folder, making it on the first start. Throws when a file in it is not what it should be. */
export function openDataFolder(name: string): DataFolder {
  const path = resolve(name)
  // Others may pass through, as the embedded server's user must, but not look around.
  mkdirSync(path, { recursive: true, mode: 0o711 })

  const draw = () => randomBytes(24).toString('base64url')
  let kept = readFile(path, 'passwords.json', passwords)
  if (kept === undefined) {
    kept = { superuser: draw(), master: draw(), api: draw(), control: draw() }
    writeFile(path, 'passwords.json', kept)
  }
  return {
    path,
    passwords: kept,
    writeRunning(content) {
      if (content === undefined) rmSync(join(path, runningFile), { force: true })
      else writeFile(path, runningFile, content)
    },
    writeVariables(variables) {
      const files = Object.entries({ [variablesFile]: '127.0.0.1', 'env.container.json': 'host.docker.internal' })
      for (const [file, host] of files) {
        if (variables === undefined) rmSync(join(path, file), { force: true })
        else writeFile(path, file, { Parameters: reachedBy(host, variables) })
      }
    },
    readDemo: () => readFile(path, 'demo.json', demo)?.state ?? 'none',
    writeDemo: (state) => writeFile(path, 'demo.json', { state }),
    keys: openKeyRing(path),
  }
}

/** In the data folder, for whoever runs on this machine itself; beside it lies one for containers. */
export const variablesFile = 'env.json'

/** The same with this machine's services under another name. */
function reachedBy(host: string, variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value.replace('http://127.0.0.1:', `http://${host}:`)]),
  )
}

const keysFile = 'keys.json'

/** The keys that a data folder keeps. */
export function openKeyRing(name: string): KeyRing {
  const path = resolve(name)
  const read = () => readFile(path, keysFile, keys) ?? {}
  return {
    file: join(path, keysFile),
    get: (slug) => read()[slug],
    set: (slug, key) => writeFile(path, keysFile, { ...read(), [slug]: key }),
  }
}

const runningFile = 'running.json'

/** The gateway that uses this data folder now; undefined while none does, or it is still starting. */
export async function readRunning(name: string): Promise<Running | undefined> {
  const path = resolve(name)
  return (await isFolderLocked(path)) ? readFile(path, runningFile, running) : undefined
}

function readFile<Content>(folder: string, name: string, schema: z.ZodType<Content>): Content | undefined {
  const path = join(folder, name)
  if (!existsSync(path)) return undefined
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new CommandError(`${path} is damaged: remove it and start again`, { cause })
  }
}

/** Written beside and renamed, so that a process killed meanwhile leaves the old content or the new. */
function writeFile(folder: string, name: string, content: unknown): void {
  const path = join(folder, name)
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'

/** What a local stage keeps between starts, in a git-ignored folder that only its user may enter. */
export interface DataFolder {
  readonly path: string
  /** Passwords of the embedded server, drawn on the first start. */
  readonly passwords: Passwords
  readRunning(): Running | undefined
  writeRunning(running: Running | undefined): void
  /** How far the demo data have come: nothing yet, begun and perhaps cut short, or loaded. */
  readDemo(): 'none' | 'loading' | 'loaded'
  writeDemo(state: 'none' | 'loading' | 'loaded'): void
}

const passwords = z.object({ superuser: z.string(), master: z.string(), api: z.string(), control: z.string() })
export type Passwords = z.output<typeof passwords>

/** The gateway that is using the folder, for commands that speak to it. */
const running = z.object({
  pid: z.int(),
  url: z.string(),
  secretsUrl: z.string(),
  accessKeyId: z.string(),
})
export type Running = z.output<typeof running>

const demo = z.object({ state: z.enum(['none', 'loading', 'loaded']) })

export const defaultDataFolder = fileURLToPath(new URL('../.atrium', import.meta.url))

/** Opens the folder, making it on the first start. */
export function openDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true })
  const file = (name: string) => join(path, name)
  const read = <Content>(name: string, schema: z.ZodType<Content>): Content | undefined =>
    existsSync(file(name)) ? schema.parse(JSON.parse(readFileSync(file(name), 'utf8'))) : undefined
  // Written beside and renamed, so that a process killed meanwhile leaves the old content or the new.
  const write = (name: string, content: unknown) => {
    writeFileSync(file(`${name}.new`), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    renameSync(file(`${name}.new`), file(name))
  }

  const draw = () => randomBytes(24).toString('base64url')
  let kept = read('passwords.json', passwords)
  if (kept === undefined) {
    kept = { superuser: draw(), master: draw(), api: draw(), control: draw() }
    write('passwords.json', kept)
  }

  return {
    path,
    passwords: kept,
    readRunning: () => read('running.json', running),
    writeRunning: (content) =>
      content === undefined ? rmSync(file('running.json'), { force: true }) : write('running.json', content),
    readDemo: () => read('demo.json', demo)?.state ?? 'none',
    writeDemo: (state) => write('demo.json', { state }),
  }
}

/** Whether a process of that number is alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

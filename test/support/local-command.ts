import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('../..', import.meta.url))

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of `local/` as a user runs it. */
export interface RunningCommand {
  readonly child: ChildProcess
  /** Waits for a line on stdout that matches. Throws with all output when the command ends before. */
  untilPrinted(pattern: RegExp): Promise<RegExpExecArray>
  ended(): Promise<CommandResult>
}

export function runLocal(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: project,
    // What Node has compiled is kept from one command to the next, as cli/atrium.mjs keeps it.
    env: { NODE_COMPILE_CACHE: join(project, 'node_modules/.cache/atrium'), ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const closed = once(child, 'close')
  return {
    child,
    async untilPrinted(pattern) {
      for (;;) {
        const match = pattern.exec(stdout)
        if (match !== null) return match
        const more = await Promise.race([once(child.stdout, 'data'), closed.then(() => undefined)])
        if (more === undefined && pattern.exec(stdout) === null) throw new Error(`it ended:\n${stdout}\n${stderr}`)
      }
    },
    async ended() {
      const [code] = await closed
      return { code, stdout, stderr }
    },
  }
}

import { appendFileSync } from 'node:fs'

/** What the code under test logged. The lines are kept from the terminal, where they would bury the results. */
const lines: string[] = []

const write = process.stdout.write.bind(process.stdout)

/** Files that all of a run's workers add to, for test/shared/no-secrets.last.ts to read; none in runs that have no such test. */
const kept = { log: process.env.SUITE_LOG, secrets: process.env.SUITE_SECRETS }

/** Notes something that no line of the log may hold. */
export function noteSecret(...secrets: readonly string[]): void {
  if (kept.secrets !== undefined) appendFileSync(kept.secrets, secrets.map((secret) => `${secret}\n`).join(''))
}

/** From now on log lines are collected instead of printed. */
export function collectLogLines(): void {
  process.stdout.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
    if (typeof chunk !== 'string' || !chunk.startsWith('{"timestamp"')) return write(chunk, ...rest)
    lines.push(chunk)
    if (kept.log !== undefined) appendFileSync(kept.log, chunk)
    return true
  }
}

/** The lines since the last call, parsed. */
export function takeLogLines(): Record<string, unknown>[] {
  return lines.splice(0).map((line) => JSON.parse(line))
}

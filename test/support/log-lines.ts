/** What the code under test logged. The lines are kept from the terminal, where they would bury the results. */
const lines: string[] = []

const write = process.stdout.write.bind(process.stdout)

/** From now on log lines are collected instead of printed. */
export function collectLogLines(): void {
  process.stdout.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
    if (typeof chunk !== 'string' || !chunk.startsWith('{"timestamp"')) return write(chunk, ...rest)
    lines.push(chunk)
    return true
  }
}

/** The lines since the last call, parsed. */
export function takeLogLines(): Record<string, unknown>[] {
  return lines.splice(0).map((line) => JSON.parse(line))
}

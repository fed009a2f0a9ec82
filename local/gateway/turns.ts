/** Who may work now, and who waits in line. */
export interface Turns {
  /** Waits for a turn. Answers what ends it. */
  take(): Promise<() => void>
}

export interface TurnsOptions {
  /** Turns at once. */
  readonly most: number
  /** Of those, how many that are taken to keep a core busy. */
  readonly busy: number
  /** Milliseconds after which a turn is taken to wait for something, such as a slow statement, rather than to keep a core busy. */
  readonly settled: number
  /** Milliseconds in which none begins, after which the next one does all the same: those that are taken are slow. */
  readonly stalled: number
}

/**
 * Lets so many work at once that they do not take the cores from one another, and as many more as only wait: whoever comes behind
 * slow ones, of another tenant say, does not wait for them. In the order in which they come.
 */
export function createTurns({ most, busy, settled, stalled }: TurnsOptions): Turns {
  /** When each turn that is under way began. */
  const begun = new Set<{ readonly at: number }>()
  const line: ((end: () => void) => void)[] = []
  /** When a turn last began: with somebody in line, that is when one last ended. */
  let lastBegun = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const isFree = (): boolean => {
    const now = performance.now()
    const recent = [...begun].filter(({ at }) => at > now - settled).length
    return begun.size < most && (recent < busy || lastBegun <= now - stalled)
  }

  const begin = (): (() => void) => {
    const turn = { at: performance.now() }
    begun.add(turn)
    lastBegun = turn.at
    return () => {
      begun.delete(turn)
      callNext()
    }
  }

  const callNext = (): void => {
    while (line.length > 0 && isFree()) line.shift()?.(begin())
    if (line.length === 0 || timer !== undefined) return
    timer = setTimeout(
      () => {
        timer = undefined
        callNext()
      },
      Math.min(settled, stalled),
    )
  }

  return {
    take: () =>
      new Promise((resolve) => {
        line.push(resolve)
        callNext()
      }),
  }
}

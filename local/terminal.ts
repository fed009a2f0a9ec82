/** A count on its way to `total`, shown on stderr: a bar in a terminal, a line each tenth elsewhere. */
export interface Progress {
  advance(steps?: number): void
  done(): void
}

const barWidth = 30

export function createProgress(label: string, total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  let count = 0
  let shown = -1
  const show = () => {
    const share = total === 0 ? 1 : count / total
    const step = Math.floor(share * (stream.isTTY ? 1_000 : 10))
    if (step === shown) return
    shown = step
    const figures = `${count.toLocaleString('en')} of ${total.toLocaleString('en')}`
    if (!stream.isTTY) stream.write(`${label}: ${figures}\n`)
    else {
      const filled = Math.round(share * barWidth)
      stream.write(`\r\x1b[K${label} ${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${figures}`)
    }
  }
  return {
    advance(steps = 1) {
      count += steps
      show()
    },
    done() {
      if (stream.isTTY) stream.write('\r\x1b[K')
    },
  }
}

/** Columns under their headings; the ones named in `right` are figures. */
export function formatTable(rows: readonly Readonly<Record<string, string>>[], right: readonly string[] = []): string {
  const headings = Object.keys(rows[0] ?? {})
  const widths = headings.map((heading) => Math.max(heading.length, ...rows.map((row) => row[heading]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) =>
        right.includes(headings[at] ?? '') ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [line(headings), ...rows.map((row) => line(headings.map((heading) => row[heading] ?? '')))].join('\n')
}

import { appendFileSync } from 'node:fs'

/** What came of one fault: what clients had been told was done and is not, and what was done twice. */
export interface FaultRow {
  readonly fault: string
  readonly tried: number
  readonly requests: number
  readonly lost: number
  readonly doubled: number
  /** Requests that were answered with a problem or not at all, and sent again. */
  readonly failed: number
  /** Milliseconds from the fault's end to the next success, the longest. */
  readonly recovery: number | null
}

/** How a tenant fared beside one that misbehaved: the 99th percentile of its requests, in milliseconds, before and meanwhile. */
export interface NeighbourRow {
  readonly neighbour: string
  /** Requests of the one that misbehaved, and those of them that its rate refused. */
  readonly asked: number
  readonly refused: number
  readonly quiet: number
  readonly disturbed: number
}

export function reportNeighbour(row: NeighbourRow): void {
  write(row)
}

/** Hands a row to `npm run test:faults`, which prints the table. */
export function report(row: FaultRow): void {
  write(row)
}

function write(row: FaultRow | NeighbourRow): void {
  const file = process.env.FAULT_REPORT
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`)
}

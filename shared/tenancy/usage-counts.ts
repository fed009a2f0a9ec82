import type { Notes } from '../db/notes.ts'
import { databaseErrorOf } from '../db/sql-states.ts'
import type { Tenant } from './tenant.ts'

/** What a tenant has asked for. */
export interface Usage {
  readonly requests: number
  /** Those of them that its rate refused. */
  readonly throttled: number
  /** Answers of 500 and above. */
  readonly errors: number
  /** Milliseconds that its requests waited for the database. */
  readonly databaseMs: number
  /** Rows that its statements read or wrote. */
  readonly rows: number
  /** Of the bodies of requests and answers. */
  readonly bytes: number
}

export interface UsageCounts {
  count(tenant: Tenant, usage: Usage): void
  /** Adds to a placement's records what was counted there, at most once a minute. */
  notesFor(placement: string): Notes
}

/** What waits to be written for one placement. */
interface Waiting {
  sentAt: number
  /** By tenant and day (UTC, counted from 1970). */
  readonly counts: Map<string, Usage & { readonly tenantId: string; readonly day: number }>
}

const interval = 60_000
const dayLength = 24 * 60 * 60 * 1_000

/**
 * Sums usage in the function's memory, and sends it along with later work in the same placement, the first time at once. What an
 * instance has counted since is lost with it: a minute's at most while it is in use, what was its last otherwise. What was on its
 * way when a connection broke is not sent again: a tenant may be charged for too little, and never for too much.
 */
export function createUsageCounts(now: () => number = () => Date.now()): UsageCounts {
  const placements = new Map<string, Waiting>()

  const waitingAt = (placement: string): Waiting => {
    const known = placements.get(placement)
    if (known !== undefined) return known
    const waiting = { sentAt: 0, counts: new Map() }
    placements.set(placement, waiting)
    return waiting
  }

  const add = ({ counts }: Waiting, tenantId: string, day: number, usage: Usage): void => {
    const key = `${tenantId} ${day}`
    const sum = counts.get(key)
    counts.set(key, { tenantId, day, ...(sum === undefined ? usage : addUsage(sum, usage)) })
  }

  return {
    count({ id, ref }, usage) {
      add(waitingAt(ref.placement), id, Math.floor(now() / dayLength), usage)
    },
    notesFor: (placement) => () => {
      const waiting = placements.get(placement)
      if (waiting === undefined || waiting.counts.size === 0 || now() - waiting.sentAt < interval) return []
      waiting.sentAt = now()
      const sent = [...waiting.counts.values()]
      waiting.counts.clear()
      const failed = (error: unknown) => {
        if (databaseErrorOf(error)?.severity !== 'ERROR') return
        for (const { tenantId, day, ...usage } of sent) add(waiting, tenantId, day, usage)
      }
      return [{ statement: addToRecords(sent), failed }]
    },
  }
}

function addUsage(one: Usage, other: Usage): Usage {
  return {
    requests: one.requests + other.requests,
    throttled: one.throttled + other.throttled,
    errors: one.errors + other.errors,
    databaseMs: one.databaseMs + other.databaseMs,
    rows: one.rows + other.rows,
    bytes: one.bytes + other.bytes,
  }
}

/** In the order of their keys, so that instances which add to the same rows wait for each other and never in a circle. */
function addToRecords(counted: readonly (Usage & { readonly tenantId: string; readonly day: number })[]) {
  return {
    text: `INSERT INTO atrium.usage AS u (tenant_id, day, requests, throttled, errors, database_ms, rows, bytes)
      SELECT * FROM unnest($1::bigint[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::float8[], $7::bigint[], $8::bigint[])
      ORDER BY 1, 2
      ON CONFLICT (tenant_id, day) DO UPDATE SET requests = u.requests + excluded.requests,
        throttled = u.throttled + excluded.throttled, errors = u.errors + excluded.errors,
        database_ms = u.database_ms + excluded.database_ms, rows = u.rows + excluded.rows, bytes = u.bytes + excluded.bytes`,
    values: [
      counted.map(({ tenantId }) => tenantId),
      counted.map(({ day }) => new Date(day * dayLength).toISOString().slice(0, 10)),
      counted.map(({ requests }) => requests),
      counted.map(({ throttled }) => throttled),
      counted.map(({ errors }) => errors),
      counted.map(({ databaseMs }) => databaseMs),
      counted.map(({ rows }) => rows),
      counted.map(({ bytes }) => bytes),
    ],
  }
}

import type { Note, Notes } from '../db/notes.ts'
import type { Statement } from '../db/prefaced-statement.ts'
import { AppError } from '../errors.ts'
import type { Tenant } from './tenant.ts'

/** What a tenant may still ask for, as far as this function instance knows. */
export interface RateState {
  readonly perSecond: number
  readonly burst: number
  readonly remaining: number
  /** Seconds until all of the burst may come at once again or, for who was refused, until the next request may. */
  readonly resetIn: number
}

/** Thrown for a request that came too early; the state goes into its answer. */
export class RateLimited extends AppError {
  readonly rate: RateState

  constructor(rate: RateState) {
    super('rate_limited', 'The tenant asks for more than its plan allows.', { retryAfter: rate.resetIn })
    this.rate = rate
  }
}

export interface RateLeases {
  /**
   * Takes a token for a request, with `draw` from the database when this instance may give no more credit. Undefined for a
   * plan without a rate. Throws RateLimited when there is none, and what `draw` throws.
   */
  take(tenant: Tenant, draw: (statement: Statement) => Promise<readonly unknown[]>): Promise<RateState | undefined>
  /** Draws along with a tenant's work what was spent on credit. */
  notesFor(tenant: Tenant): Notes
}

/** What a function instance has let a tenant ask for, and not yet drawn. */
interface Lease {
  /** Tokens that were given on credit. */
  owed: number
  /** How many may be owed. */
  slice: number
  /** When some were last drawn, and how many there were left for everyone. */
  drawnAt: number
  shared: number
  /** Between the two it is known that there is no token. */
  refusedFrom: number
  refusedUntil: number
  drawing: Promise<void> | undefined
  /** Of the plan that all this is about. */
  rate: Rate
}

interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Milliseconds between two draws up to which a tenant counts as busy in this instance. */
const busyWithin = 1_000
/** Milliseconds between two looks of an instance at an empty bucket. */
const shortestRefusal = 20
const mostLeases = 10_000

/**
 * Keeps tenants to their plans' rates over all function instances, by a token bucket a tenant in its placement. An instance
 * serves on credit, a slice at most, and draws what it has given beside the work that it was given for: so a request waits for
 * no other, a rate costs no round trip, no token lies idle in an instance, and all of them together overshoot by a slice each. A
 * slice is one request, and doubles while the tenant is busy here, to a tenth of the burst. Only an instance whose credit is spent
 * asks before it serves, in a short statement of its own, and if there is no token refuses by itself until one has grown.
 */
export function createRateLeases(now: () => number = () => Date.now()): RateLeases {
  const leases = new Map<string, Lease>()

  const leaseOf = (id: string, rate: Rate): Lease => {
    const known = leases.get(id)
    if (known !== undefined) {
      // Another plan: what was known of the bucket is not known of this one. What is owed stays owed.
      if (known.rate.perSecond !== rate.perSecond || known.rate.burst !== rate.burst) {
        Object.assign(known, { rate, slice: 1, shared: rate.burst, refusedUntil: 0 })
      }
      return known
    }
    if (leases.size >= mostLeases) leases.clear()
    const lease: Lease = {
      ...{ owed: 0, slice: 1, drawnAt: Number.NEGATIVE_INFINITY, shared: rate.burst, rate },
      ...{ refusedFrom: 0, refusedUntil: 0, drawing: undefined },
    }
    leases.set(id, lease)
    return lease
  }

  /** A clock that was set back refuses nobody for as long as it was. */
  const isRefusing = ({ refusedFrom, refusedUntil }: Lease) => now() >= refusedFrom && now() < refusedUntil

  /** A draw of what is owed, under way until it is told what came of it. */
  const beginDraw = (tenantId: string, lease: Lease): Required<Note> => {
    const { rate } = lease
    const since = now() - lease.drawnAt
    const isBusy = since >= 0 && since < busyWithin
    lease.slice = isBusy ? Math.max(1, Math.min(lease.slice * 2, Math.floor(rate.burst / 10))) : 1
    const { promise, resolve } = Promise.withResolvers<void>()
    lease.drawing = promise
    const end = () => {
      lease.drawing = undefined
      resolve()
    }
    return {
      statement: drawTokens(tenantId, rate, Math.max(1, lease.owed)),
      answered([row]) {
        const { granted, tokens } = row as { readonly granted: number; readonly tokens: number }
        lease.owed = Math.max(0, lease.owed - granted)
        lease.drawnAt = now()
        lease.shared = tokens
        if (granted === 0) {
          lease.refusedFrom = now()
          lease.refusedUntil = now() + Math.max(shortestRefusal, ((1 - tokens) / rate.perSecond) * 1_000)
        }
        end()
      },
      failed: end,
    }
  }

  const stateOf = ({ shared, drawnAt, owed, rate }: Lease): RateState => {
    const { perSecond, burst } = rate
    const grown = shared + (Math.max(0, now() - drawnAt) / 1_000) * perSecond
    const remaining = Math.max(0, Math.floor(Math.min(burst, grown) - owed))
    return { ...rate, remaining, resetIn: Math.ceil((burst - remaining) / perSecond) }
  }

  const refusal = ({ refusedUntil, rate }: Lease): RateLimited => {
    return new RateLimited({ ...rate, remaining: 0, resetIn: Math.max(1, Math.ceil((refusedUntil - now()) / 1_000)) })
  }

  return {
    async take({ id, limits }, draw) {
      const rate = rateOf(limits)
      if (rate === undefined) return undefined
      const lease = leaseOf(id, rate)
      for (;;) {
        if (isRefusing(lease)) throw refusal(lease)
        if (lease.owed < lease.slice) {
          lease.owed += 1
          return stateOf(lease)
        }
        if (lease.drawing !== undefined) {
          await lease.drawing
          continue
        }
        const { statement, answered, failed } = beginDraw(id, lease)
        try {
          answered(await draw(statement))
        } catch (error) {
          failed(error)
          throw error
        }
      }
    },
    notesFor:
      ({ id, limits }) =>
      () => {
        const lease = rateOf(limits) && leases.get(id)
        if (lease === undefined || lease.drawing !== undefined || isRefusing(lease)) return []
        return lease.owed >= Math.max(1, lease.slice / 2) ? [beginDraw(id, lease)] : []
      },
  }
}

function rateOf({ perSecond, burst }: Tenant['limits']): Rate | undefined {
  return perSecond === null || burst === null ? undefined : { perSecond, burst }
}

/**
 * Draws up to `wanted` whole tokens from a bucket that fills at the rate up to the burst, and answers how many it got and how many
 * are left. Those who come at once wait for each other's few microseconds, by the row's lock, which no work holds.
 */
function drawTokens(tenantId: string, { perSecond, burst }: Rate, wanted: number): Statement {
  return {
    text: `INSERT INTO atrium.rate_leases AS l (tenant_id, drawn_at, granted, tokens)
      VALUES ($1, pg_catalog.clock_timestamp(), least($2::int, $3::int), $3::int - least($2::int, $3::int))
      ON CONFLICT (tenant_id) DO UPDATE SET (drawn_at, granted, tokens) = (
        SELECT at, least($2::int, floor(there)), there - least($2::int, floor(there))
        FROM (
          SELECT at, least($3::int, l.tokens + $4::float8 * greatest(0, extract(epoch FROM at - l.drawn_at))) AS there
          FROM (SELECT pg_catalog.clock_timestamp() AS at)
        )
      ) RETURNING granted, tokens`,
    values: [tenantId, wanted, burst, perSecond],
  }
}

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
  /** Draws tokens along with a tenant's work: those that were spent on credit and, for a tenant that is busy here, some ahead. */
  notesFor(tenant: Tenant): Notes
}

/** A function instance's part of a tenant's tokens. */
interface Lease {
  /** To be spent; below 0 they are spent already, and not yet drawn. */
  tokens: number
  /** How many are drawn ahead at a time, and given on credit. */
  slice: number
  /** When they were drawn, and how many there were left for everyone. */
  drawnAt: number
  shared: number
  refusedUntil: number
  drawing: Promise<void> | undefined
}

interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Milliseconds after which a slice lapses that was not spent: an instance that fell idle, or was frozen, hoards none. */
const lapse = 1_000
/** Milliseconds between two looks of an instance at an empty bucket. */
const shortestRefusal = 20
const mostLeases = 10_000

/**
 * Keeps tenants to their plans' rates over all function instances, by a token bucket a tenant in its placement. An instance
 * serves on credit, a slice at most, and draws what it has given beside the work that it was given for: so a request waits for
 * no other, a rate costs no round trip, and all instances together overshoot by a slice each. A slice is one request, and
 * doubles while the tenant uses one up within a second, to a tenth of the burst. Only an instance whose credit is spent asks
 * before it serves, in a short statement of its own, and if there is no token keeps refusing by itself until one has grown.
 */
export function createRateLeases(now: () => number = () => Date.now()): RateLeases {
  const leases = new Map<string, Lease>()

  const leaseOf = (id: string, burst: number): Lease => {
    const known = leases.get(id)
    if (known !== undefined) {
      if (known.tokens > 0 && now() - known.drawnAt >= lapse) known.tokens = 0
      return known
    }
    if (leases.size >= mostLeases) leases.clear()
    const lease: Lease = {
      ...{ tokens: 0, slice: 1, drawnAt: Number.NEGATIVE_INFINITY, shared: burst },
      ...{ refusedUntil: 0, drawing: undefined },
    }
    leases.set(id, lease)
    return lease
  }

  /** A draw that is under way until it is told what came of it. */
  const beginDraw = (tenantId: string, lease: Lease, rate: Rate): Required<Note> => {
    const isBusy = now() - lease.drawnAt < lapse
    lease.slice = isBusy ? Math.max(1, Math.min(lease.slice * 2, Math.floor(rate.burst / 10))) : 1
    const wanted = Math.max(1, (isBusy ? lease.slice : 0) - lease.tokens)
    const { promise, resolve } = Promise.withResolvers<void>()
    lease.drawing = promise
    const end = () => {
      lease.drawing = undefined
      resolve()
    }
    return {
      statement: drawTokens(tenantId, rate, wanted),
      answered([row]) {
        const { granted, tokens } = row as { readonly granted: number; readonly tokens: number }
        lease.tokens += granted
        lease.drawnAt = now()
        lease.shared = tokens
        const untilNext = ((1 - tokens) / rate.perSecond) * 1_000
        if (granted === 0) lease.refusedUntil = now() + Math.max(shortestRefusal, untilNext)
        end()
      },
      failed: end,
    }
  }

  const stateOf = (lease: Lease, { perSecond, burst }: Rate): RateState => {
    const grown = Math.min(burst, lease.shared + ((now() - lease.drawnAt) / 1_000) * perSecond)
    const remaining = Math.max(0, Math.floor(grown + lease.tokens))
    return { perSecond, burst, remaining, resetIn: Math.ceil((burst - remaining) / perSecond) }
  }

  const refusal = (lease: Lease, rate: Rate): RateLimited => {
    const resetIn = Math.max(1, Math.ceil((lease.refusedUntil - now()) / 1_000))
    return new RateLimited({ ...rate, remaining: 0, resetIn })
  }

  return {
    async take({ id, limits }, draw) {
      const rate = rateOf(limits)
      if (rate === undefined) return undefined
      const lease = leaseOf(id, rate.burst)
      for (;;) {
        if (lease.tokens < 1 && now() < lease.refusedUntil) throw refusal(lease, rate)
        if (lease.tokens > -lease.slice) {
          lease.tokens -= 1
          return stateOf(lease, rate)
        }
        if (lease.drawing !== undefined) {
          await lease.drawing
          continue
        }
        const { statement, answered, failed } = beginDraw(id, lease, rate)
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
        const rate = rateOf(limits)
        const lease = rate && leases.get(id)
        if (rate === undefined || lease === undefined || lease.drawing !== undefined) return []
        const isDue = lease.tokens < 0 || (lease.slice > 1 && lease.tokens < lease.slice / 2)
        return isDue && now() >= lease.refusedUntil ? [beginDraw(id, lease, rate)] : []
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

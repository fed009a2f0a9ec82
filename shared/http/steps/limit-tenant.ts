import { applicationPools } from '../../db/application-pools.ts'
import { beginNote } from '../../db/notes.ts'
import { queryPrefaced, type Statement } from '../../db/prefaced-statement.ts'
import { within } from '../../deadline.ts'
import { AppError } from '../../errors.ts'
import { describeError, log } from '../../logger.ts'
import { RateLimited } from '../../tenancy/rate-leases.ts'
import { rateLeases } from '../instance-state.ts'
import type { Step } from '../request-state.ts'

/** What adds nothing, or makes room. */
const addsNothing: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE'])

/** Holds an admitted tenant to its plan: `rate_limited` for a request too many, `plan_exceeded` for one that would add to too much. */
export function limitTenant(): Step {
  return {
    async before({ event, context: { state } }) {
      if (state.admitted === undefined) return
      const { tenant } = state.admitted
      const draw = async (statement: Statement) => {
        const begun = performance.now()
        const ask = () =>
          applicationPools().withClient(
            ...([tenant.ref.placement, 'read'] as const),
            (client) => queryPrefaced(client, beginNote, statement),
            { deadline: state.deadline },
          )
        const { rows } = await ask().finally(() => {
          state.databaseMs += performance.now() - begun
        })
        return rows
      }
      try {
        state.rate = await within(state.deadline, rateLeases.take(tenant, draw))
      } catch (error) {
        if (error instanceof RateLimited) state.rate = error.rate
        if (error instanceof AppError) throw error
        // A rate that cannot be kept is no reason to serve nobody.
        log.warn('a rate was not kept', { tenant: tenant.slug, error: describeError(error) })
      }
      const { over } = tenant.limits
      if (over === null || addsNothing.has(event.requestContext.http.method)) return
      state.exceeded = new AppError('plan_exceeded', exceeded[over])
      // What was done before may be asked for again: its key says whether it was.
      if (event.headers['idempotency-key'] === undefined) throw state.exceeded
    },
  }
}

const exceeded = {
  rows: 'The tenant has more rows than its plan allows: make room, or have the plan changed.',
  storage: "The tenant's data take more room than its plan allows: make room, or have the plan changed.",
}

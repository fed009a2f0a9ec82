import { setTimeout as sleep } from 'node:timers/promises'
import type { InstanceOptions } from './gateway/function-instance.ts'
import { createFunctionPool, type RenewablePool } from './gateway/function-pool.ts'
import type { TemplateFunction } from './gateway/read-template.ts'

export interface OperationsLoop {
  readonly worker: RenewablePool
  /** Something may be there to do: look now instead of in a second. */
  poke(): void
  /** Ends the worker, in the middle of an operation as well: the next one goes on. */
  stop(): Promise<void>
}

/** Milliseconds between looks when there was nothing to do. */
const idleTime = 1_000

/** Plays the state machine that works on operations on AWS: invokes the worker as long as it finds something to do. */
export function startOperationsLoop(worker: TemplateFunction, options: InstanceOptions): OperationsLoop {
  const pool = createFunctionPool(worker, options)
  let wake = new AbortController()
  let stopping = false

  const loop = async () => {
    while (!stopping) {
      wake = new AbortController()
      const outcome = await pool.invoke({})
      const idle = 'error' in outcome || JSON.stringify(outcome.result) === '{"outcome":"idle"}'
      if (idle) await sleep(idleTime, undefined, { signal: wake.signal }).catch(() => undefined)
    }
  }
  const running = loop()

  return {
    worker: pool,
    poke: () => wake.abort(),
    async stop() {
      stopping = true
      wake.abort()
      await pool.kill()
      await running
    },
  }
}

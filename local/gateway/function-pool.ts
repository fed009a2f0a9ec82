import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import {
  type FunctionInstance,
  failed,
  type InstanceOptions,
  type Invoked,
  type Pending,
  startInstance,
} from './function-instance.ts'
import type { Outcome } from './process-messages.ts'
import type { TemplateFunction } from './read-template.ts'

/** What can be handed an event. */
export interface Invocable {
  /** Runs the function on an event. Answers an error, as Lambda does, when the function throws, dies or takes too long. */
  invoke(event: unknown): Promise<Outcome>
}

export interface FunctionPool extends Invocable {
  /** Ends the processes once their invocations are done. */
  stop(): Promise<void>
  /** Ends the processes now; invocations under way are answered with an error. */
  kill(): Promise<void>
}

/** A pool whose code can change while it serves. */
export interface RenewablePool extends FunctionPool {
  /** The function that it runs. */
  readonly function: TemplateFunction
  /** Has events from now on run on the code of another folder; those under way end on the old one. */
  renew(code: string): void
}

/** Lambda's concurrency, as far as this machine plays it: further events wait. */
const mostProcesses = 10
/**
 * More of them busy would take the cores from one another, and each switch from one to the other costs: twice as many answered four
 * fifths of what these do, a request of 50 connections took 560 µs of their CPU in the place of 370 (six runs by turns).
 */
const busyProcesses = availableParallelism()
/** Events that a busy process has at once, the one under way among them: see function-process.ts. */
const ahead = 8

const shuttingDown: Invoked = {
  outcome: { error: { errorType: 'Runtime.ShuttingDown', errorMessage: 'the function is being stopped', trace: [] } },
}

/** Runs a function in processes of its own, one event at a time each, more of them while several are in flight. */
export function createFunctionPool(template: TemplateFunction, options: InstanceOptions): RenewablePool {
  let described = template
  const alive = new Set<FunctionInstance>()
  /** Those on the newest code; who answered last, and is warmest, comes last. */
  const current = new Set<FunctionInstance>()
  const line: Pending[] = []
  const inFlight = new Set<Promise<Outcome>>()
  let state: 'open' | 'stopping' | 'killed' = 'open'

  const start = (): FunctionInstance => {
    const instance = startInstance(described, options, {
      onChange() {
        if (instance.state === 'over') for (const each of [alive, current]) each.delete(instance)
        if (instance.state === 'free') {
          if (current.delete(instance)) current.add(instance)
          else void instance.end()
        }
        handOut()
      },
      onGivenBack(pending) {
        line.unshift(...pending)
        handOut()
      },
    })
    alive.add(instance)
    current.add(instance)
    return instance
  }

  const handOut = (): void => {
    if (state === 'killed') for (const { settle } of line.splice(0)) settle(shuttingDown)
    while (line.length > 0) {
      try {
        const instance = choose()
        if (instance === undefined) return
        for (const next of line.splice(0, 1)) instance.hand(next)
      } catch (error) {
        // No process can be started, for want of memory say.
        const outcome = failed('Runtime.ExitError', (error as Error).message)
        for (const { settle } of line.splice(0, 1)) settle({ outcome })
      }
    }
  }

  /** Who takes the next event: whoever is free while there is a core for it, else the one that has least to do. */
  const choose = (): FunctionInstance | undefined => {
    const those = (wanted: FunctionInstance['state']) => [...current].filter(({ state }) => state === wanted)
    const busy = those('busy')
    if (busy.length < busyProcesses) {
      const free = those('free').at(-1) ?? (alive.size < mostProcesses ? start() : undefined)
      if (free !== undefined) return free
    }
    const [least] = busy.sort((a, b) => a.load - b.load)
    return least !== undefined && least.load < ahead ? least : undefined
  }

  return {
    function: template,
    renew(code) {
      described = { ...described, code }
      for (const instance of current) if (instance.state === 'free') void instance.end()
      current.clear()
    },
    invoke(event) {
      if (state !== 'open') return Promise.resolve(shuttingDown.outcome)
      const running = new Promise<Outcome>((resolve) => {
        line.push({ event, requestId: randomUUID(), settle: ({ outcome }) => resolve(outcome) })
        handOut()
      }).finally(() => inFlight.delete(running))
      inFlight.add(running)
      return running
    },
    async kill() {
      state = 'killed'
      await Promise.all([...alive].map((instance) => instance.end()))
    },
    async stop() {
      state = 'stopping'
      await Promise.allSettled(inFlight)
      await Promise.all([...alive].map((instance) => instance.end()))
    },
  }
}

/** Runs the function on one event, in a process that is then ended. */
export async function invokeOnce(
  described: TemplateFunction,
  event: unknown,
  { requestId, ...options }: InstanceOptions & { readonly requestId: string },
): Promise<Invoked> {
  const ignore = () => undefined
  const instance = startInstance(described, options, { onChange: ignore, onGivenBack: ignore })
  const invoked = await new Promise<Invoked>((settle) => instance.hand({ event, requestId, settle }))
  await instance.end()
  return invoked
}

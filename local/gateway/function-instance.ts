import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { heapOptions, lambdaHeap } from './lambda-heap.ts'
import type { Answer, Invocation, Measured, Outcome, Waiting } from './process-messages.ts'
import type { TemplateFunction } from './read-template.ts'

export interface InstanceOptions {
  /** Variables besides the template's; those that it declares are overridden. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * Where the function's own output goes. What has a descriptor, such as an opened file's stream, the processes write to themselves:
   * to pass their lines on took 7 % of the gateway's time.
   */
  readonly output: Writable
}

/** An event, and who waits for what comes of it. */
export interface Pending {
  readonly event: unknown
  readonly requestId: string
  settle(invocation: Invoked): void
}

/** Nothing is measured of a process that died or was stopped. */
export interface Invoked {
  readonly outcome: Outcome
  readonly measured?: Measured
}

/** One process of a function: it runs one event after the other. */
export interface FunctionInstance {
  /** `waiting`: what it does takes longer than most, and it takes no other event. `over`: it has ended, or soon will. */
  readonly state: 'free' | 'busy' | 'waiting' | 'over'
  /** Events that it has and has not answered. */
  readonly load: number
  /** Has it run the event, after those that it has. */
  hand(pending: Pending): void
  /** Ends it now; the event under way is answered with an error. Resolves once what it printed has come. */
  end(): Promise<void>
}

export interface InstanceListener {
  /** Its state is another, or its load less. */
  onChange(): void
  /** Events that it was handed and will not begin. */
  onGivenBack(pending: readonly Pending[]): void
}

/**
 * Milliseconds without a word after which nothing more is put behind an event: what computes without a pause can give nothing back.
 * Most say after ten that they wait.
 */
const silent = 100

const processFile = fileURLToPath(new URL('./function-process.ts', import.meta.url))

/**
 * Starts a process with the function's code. An event that it does not answer in time, or dies of, is answered with an error, as by
 * Lambda. Throws when the system can start none.
 */
export function startInstance(
  described: TemplateFunction,
  options: InstanceOptions,
  { onChange, onGivenBack }: InstanceListener,
): FunctionInstance {
  const child = startProcess(described, options)
  /** In the order in which they are begun. */
  const handed: Pending[] = []
  let isWaiting = false
  /** When the event under way began, by the gateway's clock. */
  let begunAt = 0
  let cutOff: Pending | undefined
  const timeout = described.timeoutSeconds * 1_000
  // One for all events, from the beginning of the one under way.
  const timer = setTimeout(() => {
    cutOff = handed[0]
    if (cutOff !== undefined) child.kill('SIGKILL')
  }, timeout)

  child.on('error', (error) => options.output.write(`${described.id}: ${error.message}\n`))
  child.on('message', (message: Answer | Waiting) => {
    if ('outcome' in message) {
      isWaiting = false
      handed.shift()?.settle(message)
      begin()
    } else {
      isWaiting = true
      giveBack(({ requestId }) => message.givenBack.includes(requestId))
    }
    onChange()
  })
  // All that it said has been read by then.
  const closed = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const begun = handed.shift()
      begun?.settle({
        outcome:
          begun === cutOff
            ? failed('Sandbox.Timedout', `Task timed out after ${described.timeoutSeconds.toFixed(2)} seconds`)
            : failed('Runtime.ExitError', `the function's process ended with ${signal ?? code}`),
      })
      giveBack(() => true)
      onChange()
      resolve()
    })
  })

  const begin = (): void => {
    timer.refresh()
    begunAt = performance.now()
  }

  const giveBack = (isGivenBack: (pending: Pending) => boolean): void => {
    const givenBack = handed.filter(isGivenBack)
    if (givenBack.length === 0) return
    const kept = handed.filter((pending) => !givenBack.includes(pending))
    handed.splice(0, handed.length, ...kept)
    onGivenBack(givenBack)
  }

  return {
    get state() {
      if (!child.connected || child.killed || child.exitCode !== null || child.signalCode !== null) return 'over'
      if (handed.length === 0) return 'free'
      return isWaiting || performance.now() > begunAt + silent ? 'waiting' : 'busy'
    },
    get load() {
      return handed.length
    },
    hand(pending) {
      handed.push(pending)
      if (handed.length === 1) begin()
      const { event, requestId } = pending
      child.send({ event, requestId, timeout } satisfies Invocation, (error) => {
        // It has died, and nobody knew. One that never lived answers for its first, or there were no end of starting others.
        if (error !== null && child.pid !== undefined) giveBack((each) => each === pending)
      })
    },
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await closed
    },
  }
}

/** What Lambda answers for a function that did not. */
export function failed(errorType: string, errorMessage: string): Outcome {
  return { error: { errorType, errorMessage, trace: [] } }
}

function startProcess(described: TemplateFunction, { environment, output }: InstanceOptions): ChildProcess {
  const [file, exportName] = splitHandler(described.handler)
  const printing = hasDescriptor(output) ? output : 'pipe'
  const child = fork(processFile, [join(described.code, file), exportName], {
    env: {
      ...described.environment,
      ...environment,
      AWS_LAMBDA_FUNCTION_NAME: described.id,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(described.memoryMiB),
      LAMBDA_TASK_ROOT: described.code,
      TZ: ':UTC',
    },
    execArgv: heapOptions(lambdaHeap(described.memoryMiB)),
    stdio: ['ignore', printing, printing, 'ipc'],
    detached: true, // Ctrl-C in the terminal is for the gateway, which lets requests finish first
  })
  // Not piped: each pipe would hang listeners of its own on the one output.
  for (const printed of [child.stdout, child.stderr]) printed?.on('data', (bytes) => output.write(bytes))
  return child
}

function hasDescriptor(output: Writable): boolean {
  return 'fd' in output && typeof output.fd === 'number'
}

/** `index.handler` → `index.mjs`, `handler`: bundles are ES modules. */
function splitHandler(handler: string): [file: string, exportName: string] {
  const dot = handler.lastIndexOf('.')
  return [`${handler.slice(0, dot)}.mjs`, handler.slice(dot + 1)]
}

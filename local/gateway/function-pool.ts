import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Answer, Invocation, Measured, Outcome } from './function-process.ts'
import { heapOptions, lambdaHeap } from './lambda-heap.ts'
import type { TemplateFunction } from './read-template.ts'
import { createTurns } from './turns.ts'

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

export interface FunctionPoolOptions {
  /** Variables besides the template's; those that it declares are overridden. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * Where the function's own output goes. What has a descriptor, such as an opened file's stream, the processes write to themselves:
   * to pass their lines on took 7 % of the gateway's time.
   */
  readonly output: Writable
}

/** Lambda's concurrency, as far as this machine plays it: further events wait. */
const mostProcesses = 10
/**
 * More of them busy would take the cores from one another, and each switch from one to the other costs: twice as many answered four
 * fifths of what these do, a request of 50 connections took 560 µs of their CPU in the place of 370 (six runs by turns).
 */
const busyProcesses = availableParallelism()
/** Milliseconds after which a process is taken to wait for the database: most events are answered in less than ten. */
const settled = 20
/**
 * Milliseconds in which no event is answered, after which all are taken to wait: sooner than `settled`, for the tenant beside
 * another's slow statements, whose 99th percentile was 17 ms for 25. With 4, a machine that stood still for as long started ever more processes.
 */
const stalled = 8

const shuttingDown: Outcome = {
  error: { errorType: 'Runtime.ShuttingDown', errorMessage: 'the function is being stopped', trace: [] },
}

const processFile = fileURLToPath(new URL('./function-process.ts', import.meta.url))

/** Runs a function in processes of its own, one event at a time each, more of them while several are in flight. */
export function createFunctionPool(template: TemplateFunction, options: FunctionPoolOptions): RenewablePool {
  let described = template
  const current = new WeakSet<ChildProcess>()
  const idle: ChildProcess[] = []
  const alive = new Set<ChildProcess>()
  const turns = createTurns({ most: mostProcesses, busy: busyProcesses, settled, stalled })
  const inFlight = new Set<Promise<Outcome>>()
  let stopping = false

  const { output } = options

  const start = (): ChildProcess => {
    const child = startProcess(described, options)
    alive.add(child)
    current.add(child)
    child.on('error', (error) => output.write(`${described.id}: ${error.message}\n`))
    child.once('close', () => {
      alive.delete(child)
      const at = idle.indexOf(child)
      if (at !== -1) idle.splice(at, 1)
    })
    return child
  }

  const run = async (event: unknown): Promise<Outcome> => {
    const endTurn = await turns.take()
    const child = idle.pop() ?? start()
    const { outcome } = await invokeOn(child, event, { timeoutSeconds: described.timeoutSeconds })
    giveBack(child)
    endTurn()
    return outcome
  }

  const giveBack = (child: ChildProcess): void => {
    // One that has just died may not have been heard of otherwise yet.
    if (!alive.has(child) || child.killed || child.exitCode !== null || !child.connected) return
    if (current.has(child)) idle.push(child)
    else void end(child)
  }

  return {
    function: template,
    renew(code) {
      described = { ...described, code }
      for (const child of alive) current.delete(child)
      for (const child of idle.splice(0)) end(child)
    },
    invoke(event) {
      if (stopping) return Promise.resolve(shuttingDown)
      const running = run(event).finally(() => inFlight.delete(running))
      inFlight.add(running)
      return running
    },
    async kill() {
      stopping = true
      await Promise.all([...alive].map(end))
    },
    async stop() {
      stopping = true
      await Promise.allSettled(inFlight)
      await Promise.all([...alive].map(end))
    },
  }
}

/** What {@link invokeOnce} had: nothing is measured of a process that died or was stopped. */
export interface OneInvocation {
  readonly outcome: Outcome
  readonly measured?: Measured
}

/** Runs the function on one event, in a process that is then ended. */
export async function invokeOnce(
  described: TemplateFunction,
  event: unknown,
  { requestId, ...options }: FunctionPoolOptions & { readonly requestId: string },
): Promise<OneInvocation> {
  const child = startProcess(described, options)
  const closed = once(child, 'close')
  const invocation = await invokeOn(child, event, { timeoutSeconds: described.timeoutSeconds, requestId })
  await end(child)
  await closed // what it printed has come
  return invocation
}

function startProcess(described: TemplateFunction, { environment, output }: FunctionPoolOptions): ChildProcess {
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

function invokeOn(
  child: ChildProcess,
  event: unknown,
  { timeoutSeconds, requestId = randomUUID() }: { readonly timeoutSeconds: number; readonly requestId?: string },
): Promise<OneInvocation> {
  return new Promise((resolve) => {
    const timeout = timeoutSeconds * 1_000
    const onMessage = (answer: Answer) => settle(answer)
    const fail = (errorType: string, errorMessage: string) =>
      settle({ outcome: { error: { errorType, errorMessage, trace: [] } } })
    const onExit = (code: number | null, signal: string | null) =>
      fail('Runtime.ExitError', `the function's process ended with ${signal ?? code}`)
    const timer = setTimeout(() => {
      child.off('exit', onExit)
      child.kill('SIGKILL')
      fail('Sandbox.Timedout', `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`)
    }, timeout)
    const settle = (invocation: OneInvocation) => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(invocation)
    }
    child.once('message', onMessage)
    child.once('exit', onExit)
    const invocation: Invocation = { event, requestId, deadline: Date.now() + timeout }
    child.send(invocation, (error) => {
      if (error !== null) fail('Runtime.ExitError', `the function's process cannot be reached: ${error.message}`)
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

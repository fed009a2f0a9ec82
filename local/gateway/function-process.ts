/**
 * The process that runs one function's code, one event at a time, as a Lambda execution environment does. Started by
 * `function-pool.ts` with the path of the code and the name of the export; speaks over the IPC channel.
 */
import { pathToFileURL } from 'node:url'
import type { Context } from 'aws-lambda'

export interface Invocation {
  readonly event: unknown
  readonly requestId: string
  /** Milliseconds since 1970 at which the invocation is cut off. */
  readonly deadline: number
}

/** As Lambda reports an error that the function threw. */
export interface FunctionError {
  readonly errorType: string
  readonly errorMessage: string
  readonly trace: readonly string[]
}

/** What an invocation took, as Lambda's REPORT line tells it. */
export interface Measured {
  /** From the start of the process until its code was loaded; of the first invocation only. */
  readonly initMilliseconds?: number
  readonly milliseconds: number
  /** The most that the process has held so far (RSS). */
  readonly memoryMiB: number
}

/** What the process sends back. */
export interface Answer {
  readonly outcome: Outcome
  readonly measured: Measured
}

export type Outcome = { readonly result: unknown } | { readonly error: FunctionError }

const [codePath, exportName] = process.argv.slice(2)
if (codePath === undefined || exportName === undefined) throw new Error('usage: function-process.ts CODE EXPORT')

const loading: Promise<Record<string, unknown>> = import(pathToFileURL(codePath).href)
// Performance's clock begins with the process.
let initMilliseconds: Promise<number> | undefined = loading.then(
  () => performance.now(),
  () => performance.now(),
)

// A full disk is no reason to die: on Lambda what a function prints never fails.
for (const printing of [process.stdout, process.stderr]) printing.on('error', () => undefined)
process.on('message', (message: Invocation) => {
  answer(message).then((answered) => process.send?.(answered))
})
// The gateway is gone: so is the reason to be here.
process.on('disconnect', () => process.exit())

async function answer(invocation: Invocation): Promise<Answer> {
  const init = await initMilliseconds
  initMilliseconds = undefined
  const begun = performance.now()
  const outcome = await run(invocation)
  const milliseconds = performance.now() - begun
  const memoryMiB = Math.ceil(process.resourceUsage().maxRSS / 1024)
  return { outcome, measured: { ...(init === undefined ? {} : { initMilliseconds: init }), milliseconds, memoryMiB } }
}

async function run({ event, requestId, deadline }: Invocation): Promise<Outcome> {
  try {
    const handler = (await loading)[exportName ?? '']
    if (typeof handler !== 'function') throw new TypeError(`${codePath} exports no function "${exportName}"`)
    return { result: await handler(event, createContext(requestId, deadline)) }
  } catch (error) {
    const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error))
    return { error: { errorType: name, errorMessage: message, trace: stack.split('\n') } }
  }
}

function createContext(awsRequestId: string, deadline: number): Context {
  const functionName = process.env.AWS_LAMBDA_FUNCTION_NAME ?? ''
  return {
    awsRequestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? '',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: String(process.pid),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  }
}

/**
 * The process that runs one function's code, one event at a time, as a Lambda execution environment does. Started by
 * `function-instance.ts` with the path of the code and the name of the export; speaks over the IPC channel.
 *
 * Events wait in here for the one before them, so that the process goes on with the next without a word from the gateway: while it
 * waited for one it lost the core, and 50 connections had two thirds of the answers. They do not wait for an event that only
 * waits itself: after `settled` milliseconds they are given back. Behind one that computes without a pause, which cannot, those that
 * came in its first moments wait until it answers, or its timeout ends the process.
 */
import { pathToFileURL } from 'node:url'
import type { Context } from 'aws-lambda'
import type { Answer, Invocation, Outcome, Waiting } from './process-messages.ts'

/** Most events are answered in less. */
const settled = 10

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

const line: Invocation[] = []
/** Of the event under way. */
let state: 'none' | 'working' | 'waiting' = 'none'
process.on('message', (invocation: Invocation) => {
  line.push(invocation)
  if (state === 'none') void work()
  if (state === 'waiting') giveBack()
})
// The gateway is gone: so is the reason to be here.
process.on('disconnect', () => process.exit())

async function work(): Promise<void> {
  state = 'working'
  await initMilliseconds
  for (let next = line.shift(); next !== undefined; next = line.shift()) {
    const timer = setTimeout(giveBack, settled)
    const answered = await answer(next)
    clearTimeout(timer)
    state = 'working'
    await say(answered)
  }
  state = 'none'
}

function giveBack(): void {
  state = 'waiting'
  void say({ givenBack: line.splice(0).map(({ requestId }) => requestId) })
}

/** Resolves once it is written: it is read then, even if the process dies. */
function say(message: Answer | Waiting): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()))
}

async function answer(invocation: Invocation): Promise<Answer> {
  const init = await initMilliseconds
  initMilliseconds = undefined
  const begun = performance.now()
  const outcome = await run(invocation)
  const milliseconds = performance.now() - begun
  const memoryMiB = Math.ceil(process.resourceUsage().maxRSS / 1024)
  const { requestId } = invocation
  return {
    requestId,
    outcome,
    measured: { ...(init === undefined ? {} : { initMilliseconds: init }), milliseconds, memoryMiB },
  }
}

async function run({ event, requestId, timeout }: Invocation): Promise<Outcome> {
  try {
    const handler = (await loading)[exportName ?? '']
    if (typeof handler !== 'function') throw new TypeError(`${codePath} exports no function "${exportName}"`)
    return { result: await handler(event, createContext(requestId, Date.now() + timeout)) }
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

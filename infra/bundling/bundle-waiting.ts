import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { BundleOrder } from './bundle-thread.ts'
import type { BundledFiles } from './bundled-files.ts'

/** Milliseconds after which a bundle will not come any more: all together take 3,000 on two cores. */
const patience = 120_000

let thread: Worker | undefined

/**
 * Bundles as `bundleFunction` does, and waits for it without giving way, as CDK wants its assets. It happens in a thread that
 * lives as long as the process and makes the bundles of all functions at the first call: a change of the code after that is
 * not seen. Throws what the bundling throws.
 */
export function bundleWaiting(entry: string, folder: string, files: BundledFiles): void {
  thread ??= startThread()
  const { port1: here, port2: there } = new MessageChannel()
  const done = new Int32Array(new SharedArrayBuffer(4))
  thread.postMessage({ entry, folder, files, done, answer: there } satisfies BundleOrder, [there])
  const waited = Atomics.wait(done, 0, 0, patience)
  const received = receiveMessageOnPort(here)
  here.close()
  if (waited === 'timed-out') throw new Error(`${entry} was not bundled within ${patience / 1_000} s`)
  if (received?.message !== undefined) throw received.message
}

function startThread(): Worker {
  // Without the options of a test runner's processes, which load what would want this thread's attention.
  const started = new Worker(new URL('./bundle-thread.ts', import.meta.url), { execArgv: [] })
  started.unref()
  return started
}

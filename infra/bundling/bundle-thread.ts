/** The thread of `bundle-waiting.ts`: bundles what it is sent, one after the other. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { bundleFunction } from './bundle-function.ts'
import type { BundledFiles } from './bundled-files.ts'

export interface BundleOrder {
  readonly entry: string
  readonly folder: string
  readonly files: BundledFiles
  /** Its one number is 1 when the answer is there. */
  readonly done: Int32Array
  /** Is sent the error, or undefined when all went well. */
  readonly answer: MessagePort
}

parentPort?.on('message', async ({ entry, folder, files, done, answer }: BundleOrder) => {
  const failure = await bundleFunction(entry, folder, files).then(
    () => undefined,
    (error: unknown) => error,
  )
  answer.postMessage(failure)
  Atomics.store(done, 0, 1)
  Atomics.notify(done, 0)
})

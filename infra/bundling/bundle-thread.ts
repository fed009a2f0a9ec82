/** The thread of `bundle-waiting.ts`: writes the bundles it is asked for, of which it makes all at the first order. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { bundleFunction, writeBundle } from './bundle-function.ts'
import { type Bundle, bundleFunctions } from './bundle-functions.ts'
import type { BundledFiles } from './bundled-files.ts'
import { findEntries } from './find-entries.ts'

export interface BundleOrder {
  readonly entry: string
  readonly folder: string
  readonly files: BundledFiles
  /** Its one number is 1 when the answer is there. */
  readonly done: Int32Array
  /** Is sent the error, or undefined when all went well. */
  readonly answer: MessagePort
}

let made: Promise<Map<string, Bundle>> | undefined

async function carryOut({ entry, folder, files }: BundleOrder): Promise<void> {
  made ??= bundleFunctions(findEntries())
  const bundle = (await made).get(entry)
  if (bundle === undefined) await bundleFunction(entry, folder, files)
  else writeBundle(bundle, folder, files)
}

parentPort?.on('message', async (order: BundleOrder) => {
  const failure = await carryOut(order).then(
    () => undefined,
    (error: unknown) => error,
  )
  order.answer.postMessage(failure)
  Atomics.store(order.done, 0, 1)
  Atomics.notify(order.done, 0)
})

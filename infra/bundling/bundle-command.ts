/** Bundles a function in a process of its own, since CDK waits for what it bundles: `node bundle-command.ts ENTRY FOLDER` */
import { bundleFunction } from './bundle-function.ts'

const [entry, folder] = process.argv.slice(2)
if (entry === undefined || folder === undefined) throw new Error('usage: bundle-command.ts ENTRY FOLDER')
await bundleFunction(entry, folder)

/** Bundles in a process of its own, since CDK waits for a bundle: `node bundle-command.ts ENTRY FILES FOLDER`, FILES as JSON. */
import { bundleFunction } from './bundle-function.ts'

const [entry, files, folder] = process.argv.slice(2)
if (entry === undefined || files === undefined || folder === undefined) throw new Error('usage: ENTRY FILES FOLDER')
await bundleFunction(entry, folder, JSON.parse(files))

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { project } from './bundle-options.ts'

/** What Lambda calls: `handler`, or what a deployment's steps begin with and ask (`begin` and `isComplete`, in one file). */
const exported = /^export (?:const|(?:async )?function) (?:handler|isComplete)\b/m

/** Every file of `functions/` that a Lambda function is made of, as paths of the project. */
export function findEntries(): string[] {
  return globSync('functions/*/*.ts', { cwd: project }).filter((path) =>
    exported.test(readFileSync(join(project, path), 'utf8')),
  )
}

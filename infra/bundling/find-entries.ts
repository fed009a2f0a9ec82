import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { project } from './bundle-options.ts'

/** What Lambda calls: CDK's provider of custom resources has two names of its own for it. */
const exported = /^export (?:const|(?:async )?function) (?:handler|isComplete)\b/m

/** Every file of `functions/` that a Lambda function is made of, as paths of the project. */
export function findEntries(): string[] {
  return globSync('functions/*/*.ts', { cwd: project }).filter((path) =>
    exported.test(readFileSync(join(project, path), 'utf8')),
  )
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('..', import.meta.url))

/**
 * Synthesises the app into a folder, as `cdk synth` would: its app command with the context of cdk.json, without the
 * CLI's second of start-up and without what only a deployment needs. Throws with what the app printed when it fails.
 */
export async function synthesise(outputFolder: string, stage = 'dev'): Promise<void> {
  const { context } = JSON.parse(readFileSync(join(project, 'cdk.json'), 'utf8'))
  // The CLI's own defaults: without them the template does not say where a function's code is.
  const metadata = { 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true }
  const app = spawn(process.execPath, ['infra/app.ts'], {
    cwd: project,
    env: {
      ...process.env,
      CDK_OUTDIR: outputFolder,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...metadata, stage }),
      // CDK's check of the templates by CloudFormation's rules, 2 to 3 s: `npm run check` and a deployment have it.
      CDK_VALIDATION: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [[code], printed, errors] = await Promise.all([once(app, 'close'), text(app.stdout), text(app.stderr)])
  if (code !== 0) throw new Error(`the app could not be synthesised:\n${printed}${errors}`)
}

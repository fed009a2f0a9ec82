import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type Stack, Validations } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks } from 'cdk-nag'
import { afterAll, expect, it } from 'vitest'
import { createApp } from '../../infra/app.ts'

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'))
const outdir = mkdtempSync(join(tmpdir(), 'atrium-nag-'))
afterAll(() => rmSync(outdir, { recursive: true }))

function createStage(stage: string): App {
  const app = new App({ outdir: join(outdir, stage), context: { ...context, stage, 'aws:cdk:bundling-stacks': [] } })
  createApp(app)
  return app
}

const stages = ['dev', 'staging', 'production']

it.each(['dev', 'staging', 'production'])(
  'cdk-nag finds nothing in %s that is not acknowledged with a reason',
  (stage) => {
    const app = new App({ outdir: join(outdir, stage), context: { ...context, stage, 'aws:cdk:bundling-stacks': [] } })
    createApp(app)
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    let found = ''
    try {
      app.synth()
    } catch (error) {
      found = String(error)
    }
    const ids = found.split('\n').filter((line) => /^ERROR|Acknowledge with|^ {3}Atrium/.test(line))
    expect(ids).toEqual([])
  },
)

it.each(stages)('a resource that comes to %s, or goes, is seen', async (stage) => {
  const resources = createStage(stage).node.children.flatMap((stack) => {
    const resources: Record<string, { Type: string }> = Template.fromStack(stack as Stack).toJSON().Resources
    return Object.entries(resources).map(([id, { Type }]) => `${stack.node.id} ${Type} ${id}`)
  })
  await expect(`${resources.toSorted().join('\n')}\n`).toMatchFileSnapshot(`resources/${stage}.txt`)
})

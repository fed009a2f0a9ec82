import { type App, Stack, Validations } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks } from 'cdk-nag'
import { expect, it } from 'vitest'
import { findEntries } from '../../infra/bundling/find-entries.ts'
import { createStage } from '../../infra/create-stage.ts'
import { readSettings } from '../../infra/settings.ts'
import { checkSettings } from '../../infra/settings-schema.ts'
import { allTemplates, createAppOf, openApp } from '../support/synthesise.ts'

/** What cdk-nag and CloudFormation's rules complain of. Throws whatever else goes wrong. */
function findingsOf(app: App): string[] {
  // The settings that are there to be replaced say so.
  Validations.of(app).acknowledge({ id: 'Annotation::atrium:example-domain', reason: 'an example' })
  try {
    app.synth()
    return []
  } catch (error) {
    const found = String(error)
      .split('\n')
      .filter((line) => /^ERROR|Acknowledge with|^ {3}Atrium/.test(line))
    if (found.length === 0) throw error
    return found
  }
}

const everything = ['dev', 'staging', 'production', 'pipeline', 'github']

it.each(everything)('cdk-nag finds nothing in %s that is not acknowledged with a reason', (what) => {
  const app = createAppOf(what, openApp(true))
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  expect(findingsOf(app)).toEqual([])
})

it("cdk-nag finds nothing in a distribution of tenants' own names either, with and without a web ACL", () => {
  const settings = readSettings('production')
  const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/of-the-base'
  for (const webAclArn of [undefined, 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/a/b']) {
    const distribution = { certificateArn, ...(webAclArn === undefined ? {} : { webAclArn }) }
    const app = openApp(true)
    createStage(app, checkSettings({ ...settings, vanityDomains: { ...settings.vanityDomains, distribution } }))
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    expect(findingsOf(app)).toEqual([])
  }
})

it.each(everything)('a resource that comes to %s, or goes, is seen', async (what) => {
  const stacks = createAppOf(what).node.children.filter((child) => Stack.isStack(child))
  const resources = stacks.flatMap((stack) => {
    const resources: Record<string, { Type: string }> = Template.fromStack(stack as Stack).toJSON().Resources
    return Object.entries(resources).map(([id, { Type }]) => `${stack.node.id} ${Type} ${withoutHash(id)}`)
  })
  await expect(`${resources.toSorted().join('\n')}\n`).toMatchFileSnapshot(`resources/${what}.txt`)
})

it('what every function is bundled from is found before CDK asks for it', () => {
  const entries = [...allTemplates(createAppOf('dev')).values()].flatMap((template) =>
    Object.values(template.findResources('AWS::Lambda::Function')).flatMap(
      ({ Metadata }) => Metadata?.['atrium:entry'] ?? [],
    ),
  )
  expect(findEntries().toSorted()).toEqual([...new Set(entries)].toSorted())
})

/** A function's version is named after its code and settings, which in this tree are those of the machine as well. */
function withoutHash(id: string): string {
  return id.replace(/(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}$/, '')
}

it.each(everything)('nothing of %s is looked up in an account', (what) => {
  expect(createAppOf(what).synth().manifest.missing ?? []).toEqual([])
})

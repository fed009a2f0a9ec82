import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { afterAll } from 'vitest'
import { createApp } from '../../infra/app.ts'
import { createStage } from '../../infra/create-stage.ts'
import type { Settings } from '../../infra/settings.ts'

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'))
const outdir = mkdtempSync(join(tmpdir(), 'atrium-infra-'))
afterAll(() => rmSync(outdir, { recursive: true, force: true }))

let apps = 0

/**
 * An app with the context of cdk.json, without bundling: what the bundles hold is tested where they are served. CloudFormation's
 * rules take seconds, and are asked where a test is about them.
 */
export function openApp(builtinCloudFormationValidation = false): App {
  apps += 1
  return new App({
    ...{ outdir: join(outdir, String(apps)), builtinCloudFormationValidation },
    context: { ...context, 'aws:cdk:bundling-stacks': [] },
  })
}

/** The app for a stage of the settings, or for what deploys stages. */
export function createAppOf(what: string, app = openApp()): App {
  createApp(app, what)
  return app
}

export type StackName = 'Network' | 'Database' | 'Control' | 'Application' | 'Edge' | 'Operations'

/** The templates of a stage, by the names of its stacks. */
export function templatesOf(settings: Settings, options: Parameters<typeof createStage>[2] = {}) {
  const app = openApp()
  createStage(app, settings, options)
  return (stack: StackName) => Template.fromStack(app.node.findChild(`Atrium-${settings.stage}-${stack}`) as Stack)
}

/** Every template of an app, by its stack's name. */
export function allTemplates(app: App): ReadonlyMap<string, Template> {
  const stacks = app.node.findAll().filter((each) => Stack.isStack(each) && each.nestedStackParent === undefined)
  return new Map(stacks.map((stack) => [stack.node.id, Template.fromStack(stack as Stack)]))
}

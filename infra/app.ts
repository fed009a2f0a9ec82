import { App } from 'aws-cdk-lib'
import { createStage } from './create-stage.ts'
import { readGitHub, readPipeline, readSettings, type Settings } from './settings.ts'
import { GitHubStack } from './stacks/github-stack.ts'
import { PipelineStack } from './stacks/pipeline.ts'

/** What `cdk deploy` makes: the stage that the context names, or what deploys stages, `pipeline` or `github`. */
export function createApp(app: App, stage = String(app.node.tryGetContext('stage') ?? 'dev')): void {
  if (stage === 'pipeline') createPipeline(app)
  else if (stage === 'github') createGitHub(app)
  else createStage(app, readSettings(stage))
}

function createPipeline(app: App): void {
  const pipeline = readPipeline()
  const stages: [Settings, Settings] = [readSettings('staging'), readSettings('production')]
  new PipelineStack(app, 'Atrium-Pipeline', { pipeline, stages })
}

function createGitHub(app: App): void {
  const github = readGitHub(String(app.node.tryGetContext('environment') ?? 'staging'))
  new GitHubStack(app, `Atrium-GitHub-${github.environment}`, { github })
}

if (import.meta.main) {
  try {
    createApp(new App())
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    console.error(`Atrium: ${error.message}`)
    process.exitCode = 1
  }
}

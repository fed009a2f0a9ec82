import { Aws, type CfnElement, Duration, RemovalPolicy, Stack, type StackProps, Stage } from 'aws-cdk-lib'
import * as codebuild from 'aws-cdk-lib/aws-codebuild'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as logs from 'aws-cdk-lib/aws-logs'
import { CfnBucket } from 'aws-cdk-lib/aws-s3'
import { CodeBuildStep, CodePipeline, CodePipelineSource, ManualApprovalStep } from 'aws-cdk-lib/pipelines'
import type { Construct, IConstruct } from 'constructs'
import { acknowledge } from '../constructs/acknowledge.ts'
import { nameOf } from '../constructs/name-of.ts'
import { type CreatedStage, createStage } from '../create-stage.ts'
import type { PipelineSettings, Settings } from '../settings-schema.ts'
import { smokeTestRole } from '../smoke-test-role.ts'

export interface PipelineStackProps extends StackProps {
  readonly pipeline: PipelineSettings
  /** Deployed one after the other; before the last somebody must approve. */
  readonly stages: readonly [Settings, Settings]
}

/**
 * Takes each commit of a branch to production: everything is checked and tested, the pipeline brings itself up to date, then
 * staging is deployed and tried out, somebody approves, and production is deployed and tried out.
 */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, { pipeline: settings, stages, ...props }: PipelineStackProps) {
    const { account, region } = settings
    const env = { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) }
    super(scope, id, { ...props, env })
    const { repository, branch, connectionArn } = settings
    const log = new logs.LogGroup(this, 'Logs', {
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const pipeline = new CodePipeline(this, 'Pipeline', {
      pipelineName: 'atrium',
      synth: new CodeBuildStep('Build', {
        input: CodePipelineSource.connection(repository, branch, { connectionArn }),
        commands: ['npm ci', 'npm run check', 'npm test', 'npx cdk synth -c stage=pipeline'],
        timeout: Duration.hours(1),
        // The tests run a PostgreSQL of their own: two processors are slow for both.
        buildEnvironment: { computeType: codebuild.ComputeType.LARGE },
      }),
      codeBuildDefaults: {
        buildEnvironment: { buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 },
        partialBuildSpec: codebuild.BuildSpec.fromObject({
          phases: { install: { 'runtime-versions': { nodejs: 22 } } },
        }),
        logging: { cloudWatch: { logGroup: log } },
      },
      crossAccountKeys: true,
      enableKeyRotation: true,
    })
    const last = stages.length - 1
    stages.forEach((each, at) => {
      const stage = new Stage(this, nameOf(each.stage))
      const created = createStage(stage, each, { smokeTestedFrom: this.account })
      pipeline.addStage(stage, {
        pre: at === last ? [new ManualApprovalStep(`Approve${nameOf(each.stage)}`)] : [],
        post: [smokeTest(each, created)],
      })
    })
    pipeline.buildPipeline()
    acknowledgePipeline(pipeline)
  }
}

/** Tries a stage out from outside, as a tenant would, with a role of the stage that may do just that. */
function smokeTest(
  { stage, account = Aws.ACCOUNT_ID }: Settings,
  { control, application }: CreatedStage,
): CodeBuildStep {
  const role = `arn:${Aws.PARTITION}:iam::${account}:role/${smokeTestRole(stage)}`
  return new CodeBuildStep(`Try${nameOf(stage)}`, {
    envFromCfnOutputs: { ATRIUM_URL: control.url, API_URL: application.url },
    commands: [
      'npm ci',
      `printf '[profile smoke]\\nrole_arn = ${role}\\ncredential_source = EcsContainer\\n' > /tmp/aws-config`,
      'AWS_CONFIG_FILE=/tmp/aws-config AWS_PROFILE=smoke npx atrium smoke-test --api "$API_URL"',
    ],
    rolePolicyStatements: [new iam.PolicyStatement({ actions: ['sts:AssumeRole'], resources: [role] })],
  })
}

/** CDK Pipelines makes its roles itself, with wildcards for the artifacts, logs and reports of its own builds. */
function acknowledgePipeline(pipeline: CodePipeline): void {
  const { node } = pipeline
  const stack = Stack.of(pipeline)
  const idOf = (construct: IConstruct) => stack.getLogicalId(construct as CfnElement)
  const projects = node.findAll().filter((each) => each instanceof codebuild.CfnProject)
  const buckets = node.findAll().filter((each) => each instanceof CfnBucket)
  const here = '<AWS::Region>:<AWS::AccountId>'
  const artifacts = [
    ...['s3:Abort*', 's3:DeleteObject*', 's3:GetBucket*', 's3:GetObject*', 's3:List*'].map((name) => `Action::${name}`),
    ...['kms:GenerateDataKey*', 'kms:ReEncrypt*'].map((name) => `Action::${name}`),
    ...buckets.map((bucket) => `Resource::<${idOf(bucket)}.Arn>/*`),
  ]
  const builds = projects.flatMap((project) => [
    `Resource::arn:<AWS::Partition>:codebuild:${here}:report-group/<${idOf(project)}>-*`,
    `Resource::arn:<AWS::Partition>:logs:${here}:log-group:/aws/codebuild/<${idOf(project)}>:*`,
  ])
  const publishing = [
    `Resource::arn:<AWS::Partition>:codebuild:${here}:report-group/*`,
    `Resource::arn:<AWS::Partition>:logs:${here}:log-group:/aws/codebuild/*`,
    'Resource::*',
  ]
  const assumed = ['Resource::arn:*:iam::<AWS::AccountId>:role/*']
  const because = (findings: readonly string[], reason: string) => {
    for (const finding of findings) acknowledge(pipeline, `IAM5[${finding}]`, reason)
  }
  because(artifacts, 'The artifacts of this pipeline alone, encrypted with its own key.')
  because(builds, 'The logs and reports of one build project, which are named anew by each build.')
  acknowledge(pipeline, 'S1', "What is in it is named by the pipeline's executions, whose history says who began them.")
  because(publishing, "CDK's own role for publishing assets: its projects are named after the assets.")
  because(
    assumed,
    "By the condition on their tag, the roles of CDK's bootstrap alone: the pipeline updates itself by them.",
  )
}

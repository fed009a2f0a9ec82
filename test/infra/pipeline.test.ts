import { readFileSync } from 'node:fs'
import type { Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { createAppOf } from '../support/synthesise.ts'

interface Action {
  readonly Name: string
  readonly ActionTypeId: { readonly Category: string }
}

describe('the pipeline', () => {
  const app = createAppOf('pipeline')
  const template = Template.fromStack(app.node.findChild('Atrium-Pipeline') as Stack)
  const [pipeline] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'))
  const stages: { Name: string; Actions: Action[] }[] = pipeline?.Properties.Stages

  it('builds, brings itself up to date, and takes staging before production', () => {
    expect(stages.map(({ Name }) => Name)).toEqual([
      ...['Source', 'Build', 'UpdatePipeline', 'Assets', 'Staging', 'Production'],
    ])
  })

  it('tries each stage out last, and asks before production', () => {
    const actionsOf = (name: string) => stages.find(({ Name }) => Name === name)?.Actions ?? []
    expect(actionsOf('Staging').at(-1)?.Name).toBe('TryStaging')
    expect(actionsOf('Production').at(0)).toMatchObject({
      Name: 'ApproveProduction',
      ActionTypeId: { Category: 'Approval' },
    })
    expect(actionsOf('Production').at(-1)?.Name).toBe('TryProduction')
    expect(actionsOf('Staging').some(({ ActionTypeId }) => ActionTypeId.Category === 'Approval')).toBe(false)
  })

  it('checks and tests before it synthesises', () => {
    const specs = Object.values(template.findResources('AWS::CodeBuild::Project')).map(({ Properties }) =>
      JSON.stringify(Properties.Source.BuildSpec),
    )
    const build = specs.find((spec) => spec.includes('npm test')) ?? ''
    const at = (command: string) => build.indexOf(command)
    expect([at('npm ci'), at('npm run check'), at('npm test'), at('npx cdk synth')]).toEqual(
      [at('npm ci'), at('npm run check'), at('npm test'), at('npx cdk synth')].toSorted((a, b) => a - b),
    )
    expect(at('npm ci')).toBeGreaterThan(0)
    const trials = specs.filter((spec) => spec.includes('atrium smoke-test'))
    expect(trials).toHaveLength(2)
  })

  it('may take on the roles of smoke tests, and the stages let it', () => {
    for (const stage of ['staging', 'production']) {
      template.hasResourceProperties('AWS::IAM::Policy', {
        PolicyDocument: Match.objectLike({
          Statement: Match.arrayWith([
            Match.objectLike({
              Action: 'sts:AssumeRole',
              Resource: {
                'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(`role/atrium-${stage}-smoke-test$`)])],
              },
            }),
          ]),
        }),
      })
    }
  })

  it('makes the same stacks as whoever deploys by hand', () => {
    const { artifacts } = app.synth().getNestedAssembly('assembly-Atrium-Pipeline-Production')
    const names = artifacts.flatMap((artifact) => ('stackName' in artifact ? [artifact.stackName] : []))
    expect(names.toSorted()).toEqual([
      ...['Atrium-production-Application', 'Atrium-production-Control', 'Atrium-production-Database'],
      ...['Atrium-production-Edge', 'Atrium-production-Network', 'Atrium-production-Operations'],
    ])
  })
})

describe('GitHub Actions', () => {
  const github = Template.fromStack(createAppOf('github').node.findChild('Atrium-GitHub-staging') as Stack)
  const workflow = readFileSync(new URL('../../.github/workflows/ci.yml', import.meta.url), 'utf8')

  it('take on a role by a token of one repository and one environment, with no wildcard', () => {
    github.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: Match.objectLike({
        Statement: [
          Match.objectLike({
            Action: 'sts:AssumeRoleWithWebIdentity',
            Condition: {
              StringEquals: {
                'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
                'token.actions.githubusercontent.com:sub': 'repo:your-company/atrium:environment:staging',
              },
            },
          }),
        ],
      }),
    })
    for (const { Properties } of Object.values(github.findResources('AWS::IAM::Policy'))) {
      expect(JSON.stringify(Properties.PolicyDocument)).not.toContain('*')
    }
  })

  it('store no key: a token for OIDC, each environment its own role', () => {
    expect(workflow).toContain('id-token: write')
    expect(workflow).toMatch(/role-to-assume: \$\{\{ vars\.AWS_ROLE \}\}/)
    expect(workflow).not.toMatch(/secrets\.|access-key|ACCESS_KEY/i)
    for (const environment of ['staging', 'production']) expect(workflow).toContain(`environment: ${environment}`)
  })
})

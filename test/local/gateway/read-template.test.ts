import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readRoutes } from '../../../local/gateway/read-template.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-template-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const resources = {
  Function: {
    Type: 'AWS::Lambda::Function',
    Metadata: { 'aws:asset:path': 'asset.1' },
    Properties: { Handler: 'index.handler', Environment: { Variables: { A: 'a', B: { Ref: 'Other' } } }, Timeout: 15 },
  },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: { IntegrationUri: { 'Fn::GetAtt': ['Function', 'Arn'] } },
  },
  Route: {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: { RouteKey: 'GET /things', Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] } },
  },
}

it('reads routes with their functions, what CloudFormation would fill in being empty', () => {
  writeFileSync(join(folder, 'A.template.json'), JSON.stringify({ Resources: resources }))
  writeFileSync(join(folder, 'B.template.json'), JSON.stringify({ Resources: { Bucket: { Type: 'AWS::S3::Bucket' } } }))
  expect(readRoutes(folder)).toEqual([
    {
      ...{ method: 'GET', path: '/things' },
      function: {
        ...{
          id: 'Function',
          code: join(folder, 'asset.1'),
          handler: 'index.handler',
          timeoutSeconds: 15,
          memoryMiB: 128,
        },
        environment: { A: 'a', B: '' },
      },
    },
  ])
})

it('names the template that it cannot read', () => {
  const { Function: _, ...incomplete } = resources
  writeFileSync(join(folder, 'A.template.json'), JSON.stringify({ Resources: incomplete }))
  expect(() => readRoutes(folder)).toThrow('A.template.json')
})

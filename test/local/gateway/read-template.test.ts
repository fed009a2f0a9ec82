import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readTemplate } from '../../../local/gateway/read-template.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-template-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const resources = {
  Function: {
    Type: 'AWS::Lambda::Function',
    Metadata: { 'aws:asset:path': 'asset.1', 'aws:cdk:path': 'Stack/Things/Function/Resource' },
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

function write(content: unknown): string {
  const path = join(folder, 'A.template.json')
  writeFileSync(path, JSON.stringify({ Resources: content }))
  return path
}

it('reads routes with their functions, what CloudFormation would fill in being empty', () => {
  const guarded = {
    ...resources.Route,
    Properties: { ...resources.Route.Properties, RouteKey: 'POST /things', AuthorizationType: 'AWS_IAM' },
  }
  const { routes, functionOf } = readTemplate(
    write({ ...resources, Guarded: guarded, Bucket: { Type: 'AWS::S3::Bucket' } }),
  )
  const found = {
    ...{ id: 'Function', code: join(folder, 'asset.1'), handler: 'index.handler', timeoutSeconds: 15, memoryMiB: 128 },
    environment: { A: 'a', B: '' },
  }
  expect(routes).toEqual([
    { method: 'GET', path: '/things', needsIam: false, function: found },
    { method: 'POST', path: '/things', needsIam: true, function: found },
  ])
  expect(functionOf('Things')).toBe(routes[0]?.function)
  expect(() => functionOf('Nothing')).toThrow('there is no function in a construct "Nothing"')
})

it('names the template that it cannot read', () => {
  const { Function: _, ...incomplete } = resources
  expect(() => readTemplate(write(incomplete))).toThrow('A.template.json')
})

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

const bundled = { 'aws:asset:path': 'asset.1', 'aws:asset:is-bundled': true }

const resources = {
  Function: {
    Type: 'AWS::Lambda::Function',
    Metadata: { ...bundled, 'aws:cdk:path': 'Stack/Things/Things/Resource' },
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
    ...{ id: 'Function', construct: 'Things', path: 'Stack/Things/Things' },
    ...{ code: join(folder, 'asset.1'), handler: 'index.handler', timeoutSeconds: 15, memoryMiB: 128 },
    environment: { A: 'a', B: '' },
  }
  expect(routes).toEqual([
    { method: 'GET', path: '/things', needsIam: false, function: found },
    { method: 'POST', path: '/things', needsIam: true, function: found },
  ])
  for (const name of ['Things', 'Function', 'Stack/Things/Things', 'Stack/Things/Things/Resource']) {
    expect(functionOf(name), name).toBe(routes[0]?.function)
  }
  expect(() => functionOf('Nothing')).toThrow('there is no function "Nothing"')
})

it('asks for the path where two constructs have the same name', () => {
  const other = {
    ...resources.Function,
    Metadata: { ...bundled, 'aws:cdk:path': 'Stack/Other/Things/Resource' },
  }
  const { functionOf } = readTemplate(write({ ...resources, Other: other }))
  expect(() => functionOf('Things')).toThrow('"Things" is Stack/Things/Things and Stack/Other/Things')
  expect(functionOf('Stack/Other/Things')).toMatchObject({ id: 'Other' })
})

it("fills in the template's parameters, from their defaults or as they are given", () => {
  const { Function: described } = resources
  const variables = { A: { Ref: 'First' }, B: { Ref: 'Second' }, C: { Ref: 'AWS::Region' } }
  const content = {
    Parameters: { First: { Type: 'String', Default: 'one' }, Second: { Type: 'String' } },
    Resources: { F: { ...described, Properties: { ...described.Properties, Environment: { Variables: variables } } } },
  }
  const path = join(folder, 'P.template.json')
  writeFileSync(path, JSON.stringify(content))
  expect(readTemplate(path).functionOf('F').environment).toEqual({ A: 'one', B: '', C: '' })
  expect(readTemplate(path, { First: '1', Second: '2' }).functionOf('F').environment).toEqual({ A: '1', B: '2', C: '' })
  expect(() => readTemplate(path, { Third: '3' })).toThrow(
    expect.objectContaining({
      cause: expect.objectContaining({ message: expect.stringContaining('"Third"; it has: First, Second') }),
    }),
  )
})

it('names the template that it cannot read', () => {
  const { Function: _, ...incomplete } = resources
  expect(() => readTemplate(write(incomplete))).toThrow('A.template.json')
})

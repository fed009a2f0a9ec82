import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { RoutePattern } from './match-route.ts'

/** A Lambda function as the template describes it. */
export interface TemplateFunction {
  /** Its logical id. */
  readonly id: string
  /** The folder with its bundled code. */
  readonly code: string
  /** `<file>.<export>` */
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
  readonly memoryMiB: number
}

export interface TemplateRoute extends RoutePattern {
  /** Whether API Gateway lets IAM principals alone through. */
  readonly needsIam: boolean
  readonly function: TemplateFunction
}

const resource = z.looseObject({ Type: z.string(), Metadata: z.looseObject({}).optional() })
const template = z.looseObject({ Resources: z.record(z.string(), resource).default({}) })

const lambdaFunction = z.object({
  Type: z.literal('AWS::Lambda::Function'),
  Metadata: z.object({ 'aws:asset:path': z.string() }),
  Properties: z.object({
    Handler: z.string(),
    Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }).optional(),
    Timeout: z.number().default(3),
    MemorySize: z.number().default(128),
  }),
})

const integration = z.object({
  Type: z.literal('AWS::ApiGatewayV2::Integration'),
  Properties: z.object({ IntegrationUri: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }) }),
})

const route = z.object({
  Type: z.literal('AWS::ApiGatewayV2::Route'),
  Properties: z.object({
    RouteKey: z.string(),
    AuthorizationType: z.enum(['NONE', 'AWS_IAM']).default('NONE'),
    Target: z.object({
      'Fn::Join': z.tuple([z.literal(''), z.tuple([z.literal('integrations/'), z.object({ Ref: z.string() })])]),
    }),
  }),
})

type Resources = z.output<typeof template>['Resources']

/** What of a synthesised template can be served on this machine. */
export interface ServableTemplate {
  readonly routes: readonly TemplateRoute[]
  /** The function that a construct of this name holds, such as `Worker`. Throws when there is none. */
  functionOf(construct: string): TemplateFunction
}

/**
 * Reads the HTTP API routes and functions of a synthesised template. Throws for a template that it cannot read, naming
 * it, rather than leaving a route out.
 */
export function readTemplate(path: string): ServableTemplate {
  try {
    const { Resources } = template.parse(JSON.parse(readFileSync(path, 'utf8')))
    const functions = createFunctionReader(Resources, dirname(path))
    return {
      routes: routesOf(Resources, functions),
      functionOf(construct) {
        const isIts = ({ Type, Metadata }: z.output<typeof resource>) =>
          Type === 'AWS::Lambda::Function' && String(Metadata?.['aws:cdk:path']).includes(`/${construct}/`)
        const [id] = Object.entries(Resources).find(([, found]) => isIts(found)) ?? []
        if (id === undefined) throw new Error(`there is no function in a construct "${construct}"`)
        return functions(id)
      },
    }
  } catch (cause) {
    throw new Error(`${path} has a route, an integration or a function that cannot be served locally`, { cause })
  }
}

/** Reads each function once, so that all of its routes share it. */
function createFunctionReader(resources: Resources, folder: string): (id: string) => TemplateFunction {
  const read = new Map<string, TemplateFunction>()
  return (id) => {
    const found = read.get(id) ?? toFunction(id, lambdaFunction.parse(resources[id]), folder)
    read.set(id, found)
    return found
  }
}

function routesOf(resources: Resources, functionOf: (id: string) => TemplateFunction): TemplateRoute[] {
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    .map((found) => {
      const { RouteKey, Target, AuthorizationType } = route.parse(found).Properties
      const integrationId = Target['Fn::Join'][1][1].Ref
      const [functionId] = integration.parse(resources[integrationId]).Properties.IntegrationUri['Fn::GetAtt']
      const [method = 'ANY', path = RouteKey] = RouteKey.split(' ')
      return { method, path, needsIam: AuthorizationType === 'AWS_IAM', function: functionOf(functionId) }
    })
}

function toFunction(
  id: string,
  { Metadata, Properties }: z.output<typeof lambdaFunction>,
  folder: string,
): TemplateFunction {
  const variables = Object.entries(Properties.Environment?.Variables ?? {})
  return {
    id,
    code: join(folder, Metadata['aws:asset:path']),
    handler: Properties.Handler,
    // What CloudFormation would fill in is not known here; SAM CLI makes it empty as well.
    environment: Object.fromEntries(variables.map(([name, value]) => [name, typeof value === 'string' ? value : ''])),
    timeoutSeconds: Properties.Timeout,
    memoryMiB: Properties.MemorySize,
  }
}

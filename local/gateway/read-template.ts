import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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
    Target: z.object({
      'Fn::Join': z.tuple([z.literal(''), z.tuple([z.literal('integrations/'), z.object({ Ref: z.string() })])]),
    }),
  }),
})

type Resources = z.output<typeof template>['Resources']

/**
 * The HTTP API routes of all synthesised templates in a folder, each with its function. Throws for a template that it
 * cannot read, naming it, rather than leaving a route out.
 */
export function readRoutes(folder: string): TemplateRoute[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.template.json'))
  return files.flatMap((file) => {
    try {
      const { Resources } = template.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
      return routesOf(Resources, folder)
    } catch (cause) {
      throw new Error(`${file} has a route, an integration or a function that cannot be served locally`, { cause })
    }
  })
}

function routesOf(resources: Resources, folder: string): TemplateRoute[] {
  const functions = new Map<string, TemplateFunction>()
  const functionOf = (id: string): TemplateFunction => {
    const made = functions.get(id) ?? toFunction(id, lambdaFunction.parse(resources[id]), folder)
    functions.set(id, made)
    return made
  }
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    .map((found) => {
      const { RouteKey, Target } = route.parse(found).Properties
      const integrationId = Target['Fn::Join'][1][1].Ref
      const [functionId] = integration.parse(resources[integrationId]).Properties.IntegrationUri['Fn::GetAtt']
      const [method = 'ANY', path = RouteKey] = RouteKey.split(' ')
      return { method, path, function: functionOf(functionId) }
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

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { RoutePattern } from './match-route.ts'

/** How a function can be told: by its logical id, by its construct's id, or by that construct's path. */
export interface FunctionNames {
  readonly id: string
  /** `Products` */
  readonly construct: string
  /** `Atrium-dev-Application/Products/Products` */
  readonly path: string
}

/** A Lambda function as the template describes it. */
export interface TemplateFunction extends FunctionNames {
  /** The file that it was bundled from, in the project. */
  readonly entry?: string
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
const parameter = z.looseObject({ Default: z.string().optional() })
const template = z.looseObject({
  Parameters: z.record(z.string(), parameter).default({}),
  Resources: z.record(z.string(), resource).default({}),
})

/** As the functions' constructs write it. */
const entryMetadata = 'atrium:entry'

const lambdaFunction = z.object({
  Type: z.literal('AWS::Lambda::Function'),
  Metadata: z.object({
    'aws:asset:path': z.string(),
    'aws:cdk:path': z.string().optional(),
    [entryMetadata]: z.string().optional(),
  }),
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

const reference = z.strictObject({ Ref: z.string() })

type Resources = z.output<typeof template>['Resources']
type Parameters = z.output<typeof template>['Parameters']

/** What of a synthesised template can be served on this machine. */
export interface ServableTemplate {
  readonly routes: readonly TemplateRoute[]
  /** Those whose code is the project's own, and not CDK's. */
  readonly functions: readonly FunctionNames[]
  /** The function of any of its names. Throws when there is none, or several. */
  functionOf(name: string): TemplateFunction
}

/** Whether a function is called so: by whichever of its names. */
export function isNamed({ id, construct, path }: FunctionNames, name: string): boolean {
  return [id, construct, path, `${path}/Resource`].includes(name)
}

/** Values of a template's parameters, besides their defaults. */
export type ParameterValues = Readonly<Record<string, string>>

/**
 * Reads the HTTP API routes and functions of a synthesised template. Throws for a template that it cannot read, naming
 * it, rather than leaving a route out.
 */
export function readTemplate(path: string, parameters: ParameterValues = {}): ServableTemplate {
  try {
    const { Resources, Parameters } = template.parse(JSON.parse(readFileSync(path, 'utf8')))
    const values = { ...defaultsOf(Parameters), ...checkKnown(parameters, Parameters) }
    const functions = createFunctionReader(Resources, dirname(path), values)
    const named = Object.entries(Resources)
      .filter(([, { Type, Metadata }]) => Type === 'AWS::Lambda::Function' && Metadata?.['aws:asset:is-bundled'])
      .map(([id, { Metadata }]) => namesOf(Metadata?.['aws:cdk:path'], id))
    return {
      routes: routesOf(Resources, functions),
      functions: named,
      functionOf(name) {
        const [found, another] = named.filter((each) => isNamed(each, name))
        if (found === undefined) throw new Error(`there is no function "${name}"`)
        if (another !== undefined)
          throw new Error(`"${name}" is ${found.path} and ${another.path}: name one by its path`)
        return functions(found.id)
      },
    }
  } catch (cause) {
    throw new Error(`${path} has a route, an integration or a function that cannot be served locally`, { cause })
  }
}

function defaultsOf(parameters: Parameters): ParameterValues {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { Default }]) => (Default === undefined ? [] : [[name, Default]])),
  )
}

function checkKnown(values: ParameterValues, parameters: Parameters): ParameterValues {
  const unknown = Object.keys(values).find((name) => parameters[name] === undefined)
  if (unknown === undefined) return values
  const known = Object.keys(parameters).join(', ') || 'none'
  throw new Error(`the template has no parameter "${unknown}"; it has: ${known}`)
}

/** `Stack/Products/Products/Resource` → the construct that the resource is of, as SAM CLI reads it. */
function namesOf(resourcePath: unknown, id: string): FunctionNames {
  const path = String(resourcePath ?? id).replace(/\/Resource$/, '')
  return { id, path, construct: path.slice(path.lastIndexOf('/') + 1) }
}

/** Reads each function once, so that all of its routes share it. */
function createFunctionReader(
  resources: Resources,
  folder: string,
  parameters: ParameterValues,
): (id: string) => TemplateFunction {
  const read = new Map<string, TemplateFunction>()
  return (id) => {
    const found = read.get(id) ?? toFunction(id, lambdaFunction.parse(resources[id]), folder, parameters)
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
  parameters: ParameterValues,
): TemplateFunction {
  const variables = Object.entries(Properties.Environment?.Variables ?? {})
  // What CloudFormation would fill in is not known here; SAM CLI makes it empty as well.
  const resolve = (value: unknown) => {
    if (typeof value === 'string') return value
    const { data } = reference.safeParse(value)
    return (data && parameters[data.Ref]) ?? ''
  }
  return {
    ...namesOf(Metadata['aws:cdk:path'], id),
    ...(Metadata[entryMetadata] === undefined ? {} : { entry: Metadata[entryMetadata] }),
    code: join(folder, Metadata['aws:asset:path']),
    handler: Properties.Handler,
    environment: Object.fromEntries(variables.map(([name, value]) => [name, resolve(value)])),
    timeoutSeconds: Properties.Timeout,
    memoryMiB: Properties.MemorySize,
  }
}

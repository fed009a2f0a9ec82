import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import { HttpApi, type HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { LambdaApplication } from 'aws-cdk-lib/aws-codedeploy'
import type { IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { routes } from '../../functions/routes.ts'
import { filesOfFunctions } from '../bundling/bundled-files.ts'
import { reservedFor } from '../connections.ts'
import { addLoggedStage, throttleRoutes } from '../constructs/access-log.ts'
import { acknowledge } from '../constructs/acknowledge.ts'
import { ApiFunction } from '../constructs/api-function.ts'
import { BaseDomain } from '../constructs/base-domain.ts'
import { CanaryRelease } from '../constructs/canary-release.ts'
import { allowInvoke } from '../constructs/function-role.ts'
import { nameOf } from '../constructs/name-of.ts'
import type { Settings } from '../settings.ts'
import type { DatabaseStack } from './database-stack.ts'
import type { NetworkStack } from './network-stack.ts'

export interface ApplicationStackProps extends StackProps {
  readonly settings: Settings
  readonly network: NetworkStack
  readonly database: DatabaseStack
  /** Fetches an issuer's keys; it belongs to the control plane. */
  readonly signingKeys: IFunction
}

/** The application plane: an HTTP API with the routes of `functions/routes.ts`, one function a resource. */
export class ApplicationStack extends Stack {
  readonly api: HttpApi
  /** By their folders. */
  readonly functions: ReadonlyMap<string, { readonly function: LambdaFunction; readonly logs: ILogGroup }>
  readonly url: CfnOutput
  /** What moves the functions' aliases, where there is a canary. */
  readonly releases: LambdaApplication | undefined

  constructor(
    scope: Construct,
    id: string,
    { settings, network, database, signingKeys, ...props }: ApplicationStackProps,
  ) {
    super(scope, id, props)
    const { canary, domains } = settings

    this.api = new HttpApi(this, 'Api', {
      description: `Atrium's application plane, ${settings.stage}`,
      createDefaultStage: false,
      // With domains of our own there is one way in.
      disableExecuteApiEndpoint: domains !== undefined,
    })
    const stage = addLoggedStage(this.api, settings)
    throttleRoutes(stage, settings.routeThrottle)
    acknowledge(
      this.api,
      'APIG4',
      "The function authenticates: a caller's key or token is one of the tenant's own, which no authorizer of API Gateway knows.",
    )
    if (domains !== undefined) new BaseDomain(this, 'Domains', { domains, api: this.api, stage })

    this.releases = canary === null ? undefined : new LambdaApplication(this, 'Releases')
    const variables = {
      SIGNING_KEYS_FUNCTION: signingKeys.functionName,
      CORS_ORIGINS: settings.corsOrigins.join(),
      ...(database.originSecret === undefined ? {} : { ORIGIN_SECRET: `atrium/${settings.stage}/origin` }),
    }
    const folders = new Set(routes.map((route) => route.function))
    this.functions = new Map(
      [...folders].map((folder) => {
        const { function: handler, logs } = new ApiFunction(this, nameOf(folder), {
          ...{ entry: `${folder}/handler.ts`, plane: 'api', settings, network, database, variables },
          reserved: reservedFor(folder, settings),
          files: filesOfFunctions[folder],
        })
        allowInvoke(handler, signingKeys)
        database.originSecret?.grantRead(handler)
        const served =
          canary === null || this.releases === undefined
            ? handler
            : new CanaryRelease(this, `${nameOf(folder)}Release`, {
                ...{ canary, application: this.releases, function: handler },
              }).alias
        const integration = new HttpLambdaIntegration(`${nameOf(folder)}Integration`, served)
        for (const { method, path } of routes.filter((route) => route.function === folder)) {
          const made = this.api.addRoutes({ path, methods: [method as HttpMethod], integration })
          // Limits are refused for routes that there are not yet.
          if (Object.hasOwn(settings.routeThrottle, `${method} ${path}`)) stage.node.addDependency(...made)
        }
        return [folder, { function: handler, logs }]
      }),
    )

    this.url = new CfnOutput(this, 'Url', {
      value: domains === undefined ? this.api.apiEndpoint : `https://${domains.base}`,
      description: 'The shared domain: name the tenant in x-tenant',
    })
  }
}

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import { HttpApi, type HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { routes } from '../../functions/routes.ts'
import { addLoggedStage, throttleRoutes } from '../constructs/access-log.ts'
import { acknowledge } from '../constructs/acknowledge.ts'
import { ApiFunction } from '../constructs/api-function.ts'
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
  constructor(
    scope: Construct,
    id: string,
    { settings, network, database, signingKeys, ...props }: ApplicationStackProps,
  ) {
    super(scope, id, props)

    const api = new HttpApi(this, 'Api', {
      description: `Atrium's application plane, ${settings.stage}`,
      createDefaultStage: false,
    })
    throttleRoutes(addLoggedStage(api, settings), settings.routeThrottle)
    acknowledge(
      api,
      'APIG4',
      "The function authenticates: a caller's key or token is one of the tenant's own, which no authorizer of API Gateway knows.",
    )
    const folders = new Set(routes.map((route) => route.function))
    for (const folder of folders) {
      const { function: handler } = new ApiFunction(this, nameOf(folder), {
        ...{ entry: `${folder}/handler.ts`, plane: 'api', settings, network, database },
        variables: { SIGNING_KEYS_FUNCTION: signingKeys.functionName },
      })
      allowInvoke(handler, signingKeys)
      const integration = new HttpLambdaIntegration(`${nameOf(folder)}Integration`, handler)
      for (const { method, path } of routes.filter((route) => route.function === folder)) {
        api.addRoutes({ path, methods: [method as HttpMethod], integration })
      }
    }

    new CfnOutput(this, 'Url', {
      value: api.apiEndpoint,
      description: 'The shared domain: name the tenant in x-tenant',
    })
  }
}

import { RemovalPolicy } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import { type CfnStage, type HttpApi, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Settings } from '../settings.ts'

/** What is kept of each request: neither query nor headers, which may hold what is nobody's business. */
const fields = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  domain: '$context.domainName',
  route: '$context.routeKey',
  status: '$context.status',
  error: '$context.error.message',
  integrationError: '$context.integrationErrorMessage',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  bytes: '$context.responseLength',
  principal: '$context.identity.userArn',
}

/** The one stage of an API, with access logs and the throttling of the settings. */
export function addLoggedStage(api: HttpApi, settings: Settings): HttpStage {
  const destination = new logs.LogGroup(api, 'AccessLogs', {
    retention: settings.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  return new HttpStage(api, 'Stage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: settings.throttle.perSecond, burstLimit: settings.throttle.burst },
    accessLogSettings: {
      destination: new LogGroupLogDestination(destination),
      format: AccessLogFormat.custom(JSON.stringify(fields)),
    },
  })
}

/** Throttles single routes below the stage: only the L1 construct can. */
export function throttleRoutes(stage: HttpStage, limits: Readonly<Record<string, Settings['throttle']>>): void {
  const resource = stage.node.defaultChild as CfnStage
  resource.routeSettings = Object.fromEntries(
    Object.entries(limits).map(([route, { perSecond, burst }]) => [
      route,
      { ThrottlingRateLimit: perSecond, ThrottlingBurstLimit: burst },
    ]),
  )
}

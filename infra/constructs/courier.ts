import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import { bundling, project } from './bundling.ts'
import { createFunctionRole } from './function-role.ts'

/** The courier: outside the VPC, where the internet is, and without any database's credentials. */
export class Courier extends Construct {
  readonly function: NodejsFunction

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id)
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.function = new NodejsFunction(this, 'Function', {
      entry: project('functions/courier/handler.ts'),
      projectRoot: project('.'),
      depsLockFilePath: project('package-lock.json'),
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: 256,
      timeout: Duration.seconds(20),
      tracing: settings.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      environment: { NODE_OPTIONS: '--enable-source-maps' },
      loggingFormat: lambda.LoggingFormat.JSON,
      logGroup,
      role: createFunctionRole(this, { logs: logGroup, inVpc: false, tracing: settings.tracing }),
      bundling: bundling({ withMigrations: false }),
    })
  }
}

import { Annotations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Settings } from './settings.ts'
import { ApplicationStack } from './stacks/application-stack.ts'
import { ControlStack } from './stacks/control-stack.ts'
import { DatabaseStack } from './stacks/database-stack.ts'
import { EdgeStack } from './stacks/edge-stack.ts'
import { NetworkStack } from './stacks/network-stack.ts'
import { OperationsStack } from './stacks/operations-stack.ts'

export interface CreatedStage {
  readonly control: ControlStack
  readonly application: ApplicationStack
}

/** Everything that a deployment makes for one stage, in the order that it is made. */
export function createStage(
  scope: Construct,
  settings: Settings,
  /** The account that a pipeline tests the stage from, after each deployment. */
  options: { readonly smokeTestedFrom?: string } = {},
): CreatedStage {
  const { account, region } = settings
  const env = { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) }
  // Whoever deploys it, by hand or through the pipeline: the same stacks.
  const named = (stack: string) => {
    const stackName = `Atrium-${settings.stage}-${stack}`
    return [stackName, { stackName, env, settings, terminationProtection: settings.deletionProtection }] as const
  }
  const at = <Props>([id, common]: ReturnType<typeof named>, own: Props) => [scope, id, { ...common, ...own }] as const

  const network = new NetworkStack(...at(named('Network'), {}))
  const database = new DatabaseStack(...at(named('Database'), { network }))
  const control = new ControlStack(...at(named('Control'), { network, database, ...options }))
  const { signingKeys } = control
  const application = new ApplicationStack(...at(named('Application'), { network, database, signingKeys }))
  // New code takes traffic when the fleet has been migrated for it.
  application.addStackDependency(control)
  const { courier } = new EdgeStack(...at(named('Edge'), { database, application }))
  new OperationsStack(...at(named('Operations'), { database, control, application, courier: courier.function }))
  if (/(?:^|\.)example\.(?:com|net|org)$/.test(settings.domains?.base ?? '')) {
    Annotations.of(application).addWarningV2(
      'atrium:example-domain',
      `the base domain of "${settings.stage}" is an example's: put your own, and its zone, into infra/settings.ts`,
    )
  }
  return { control, application }
}

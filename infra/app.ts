import { App } from 'aws-cdk-lib'
import { readSettings, type Settings } from './settings.ts'
import { ApplicationStack } from './stacks/application-stack.ts'
import { ControlStack } from './stacks/control-stack.ts'
import { DatabaseStack } from './stacks/database-stack.ts'
import { NetworkStack } from './stacks/network-stack.ts'

/** Everything that `cdk deploy` makes for one stage, the one that the context names. */
export function createApp(
  app: App,
  settings: Settings = readSettings(String(app.node.tryGetContext('stage') ?? 'dev')),
): void {
  const name = (stack: string) => `Atrium-${settings.stage}-${stack}`

  const network = new NetworkStack(app, name('Network'), { settings })
  const database = new DatabaseStack(app, name('Database'), { settings, network })
  const control = new ControlStack(app, name('Control'), { settings, network, database })
  const { signingKeys } = control
  const application = new ApplicationStack(app, name('Application'), { settings, network, database, signingKeys })
  // New code takes traffic when the fleet has been migrated for it.
  application.addDependency(control)
}

if (import.meta.main) {
  try {
    createApp(new App())
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    console.error(`Atrium: ${error.message}`)
    process.exitCode = 1
  }
}

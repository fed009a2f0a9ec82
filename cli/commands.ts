import type { ParseArgsOptionsConfig } from 'node:util'
import { defaultDataFolder } from '../local/data-folder.ts'
import type { Command } from './command.ts'
import { credentialCommands } from './commands/credentials.ts'
import { domainCommands } from './commands/domains.ts'
import { fleetCommands } from './commands/fleet.ts'
import { migrationCommands } from './commands/migrations.ts'
import { operationCommands } from './commands/operations.ts'
import { placementCommands } from './commands/placements.ts'
import { planCommands } from './commands/plans.ts'
import { smokeTestCommands } from './commands/smoke-test.ts'
import { tenantFileCommands } from './commands/tenant-files.ts'
import { tenantCommands } from './commands/tenants.ts'
import { usageCommands } from './commands/usage.ts'

/** Every command of `atrium`, in the order of its overview. */
export const commands: readonly Command[] = [
  ...tenantCommands,
  ...tenantFileCommands,
  ...credentialCommands,
  ...domainCommands,
  ...planCommands,
  ...usageCommands,
  ...placementCommands,
  ...fleetCommands,
  ...migrationCommands,
  ...operationCommands,
  ...smokeTestCommands,
]

/** Options that each of them takes. */
export const commonOptions = {
  url: { type: 'string' },
  data: { type: 'string', default: defaultDataFolder },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

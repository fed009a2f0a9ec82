import { controlRoutes } from '../functions/control-routes.ts'
import { routes } from '../functions/routes.ts'
import { countConnections } from '../shared/connection-budget.ts'
import type { Settings } from './settings-schema.ts'

/** What PostgreSQL and RDS keep for their own superusers: 3, and 2 of `rds.rds_superuser_reserved_connections`. */
const reservedByServer = 5
/** The control plane's functions that serve no route: the worker, and the one that fetches signing keys. */
const unroutedFunctions = 2
/** A deployment's, one instance each. */
const deploymentFunctions = 2

type Sized = Pick<Settings, 'concurrency' | 'placements' | 'proxy' | 'servers'>

/** Instances reserved for a function of the application plane; undefined leaves it to the account. */
export function reservedFor(folder: string, { concurrency }: Pick<Settings, 'concurrency'>): number | undefined {
  return concurrency === null ? undefined : (concurrency.functions[folder] ?? concurrency.application)
}

/**
 * The connections that all functions together may open to a server, and those that it has for them; undefined where nothing
 * is reserved for the functions, so that nobody knows.
 */
export function connectionsOf(
  name: string,
  settings: Sized,
): { readonly needed: number; readonly available: number } | undefined {
  const { concurrency, placements, proxy, servers } = settings
  const maxConnections = servers[name]?.maxConnections ?? 0
  if (concurrency === null) return undefined
  const folders = (table: readonly { readonly function: string }[]) => [...new Set(table.map((row) => row.function))]
  const application = folders(routes).reduce((sum, folder) => sum + (reservedFor(folder, settings) ?? 0), 0)
  const control = (folders(controlRoutes).length + unroutedFunctions) * concurrency.control + deploymentFunctions
  const here = placements.filter(({ server }) => server === name).length
  const proxyLimit = proxy === null ? undefined : Math.floor((maxConnections * proxy.connectionPercent) / 100)
  return {
    needed: countConnections(here, { application, control }, proxyLimit),
    available: maxConnections - reservedByServer,
  }
}

import type { OperatorEndpoint } from '../shared/http/endpoint.ts'

export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: `/${string}`
  /** The folder in `functions/` whose `handler.ts` serves it. */
  readonly function: string
}

/**
 * The control plane's endpoints, for operators alone: its HTTP API authorises every one of them with IAM. In the audit
 * is whatever is not a GET.
 */
export const controlRoutes = [
  { method: 'GET', path: '/tenants', function: 'tenants' },
  { method: 'POST', path: '/tenants', function: 'tenants' },
  { method: 'GET', path: '/tenants/{slug}', function: 'tenants' },
  { method: 'PATCH', path: '/tenants/{slug}', function: 'tenants' },
  { method: 'DELETE', path: '/tenants/{slug}', function: 'tenants' },
  { method: 'POST', path: '/tenants/{slug}/suspend', function: 'tenants' },
  { method: 'POST', path: '/tenants/{slug}/resume', function: 'tenants' },
  { method: 'POST', path: '/tenants/{slug}/restore', function: 'tenants' },
  { method: 'POST', path: '/tenants/{slug}/move', function: 'tenants' },
  { method: 'POST', path: '/tenants/{slug}/export', function: 'tenants' },
  { method: 'GET', path: '/tenants/{slug}/keys', function: 'credentials' },
  { method: 'POST', path: '/tenants/{slug}/keys', function: 'credentials' },
  { method: 'DELETE', path: '/tenants/{slug}/keys/{id}', function: 'credentials' },
  { method: 'POST', path: '/tenants/{slug}/keys/{id}/rotate', function: 'credentials' },
  { method: 'GET', path: '/tenants/{slug}/issuers', function: 'credentials' },
  { method: 'POST', path: '/tenants/{slug}/issuers', function: 'credentials' },
  { method: 'DELETE', path: '/tenants/{slug}/issuers/{id}', function: 'credentials' },
  { method: 'GET', path: '/domains', function: 'domains' },
  { method: 'GET', path: '/tenants/{slug}/domains', function: 'domains' },
  { method: 'POST', path: '/tenants/{slug}/domains', function: 'domains' },
  { method: 'GET', path: '/tenants/{slug}/domains/{domain}', function: 'domains' },
  { method: 'DELETE', path: '/tenants/{slug}/domains/{domain}', function: 'domains' },
  { method: 'POST', path: '/tenants/{slug}/domains/{domain}/verify', function: 'domains' },
  { method: 'POST', path: '/uploads', function: 'tenants' },
  { method: 'POST', path: '/imports', function: 'tenants' },
  { method: 'GET', path: '/operations', function: 'operations' },
  { method: 'GET', path: '/operations/{id}', function: 'operations' },
  { method: 'GET', path: '/operations/{id}/file', function: 'operations' },
  { method: 'POST', path: '/operations/{id}/cancel', function: 'operations' },
  { method: 'POST', path: '/doctor', function: 'operations' },
  { method: 'GET', path: '/audit', function: 'operations' },
  { method: 'POST', path: '/migrations', function: 'migrations' },
  { method: 'GET', path: '/migrations/plan', function: 'migrations' },
  { method: 'GET', path: '/fleet', function: 'migrations' },
  { method: 'POST', path: '/fleet/drift', function: 'migrations' },
  { method: 'GET', path: '/plans', function: 'plans' },
  { method: 'POST', path: '/plans', function: 'plans' },
  { method: 'PATCH', path: '/plans/{name}', function: 'plans' },
  { method: 'DELETE', path: '/plans/{name}', function: 'plans' },
  { method: 'GET', path: '/usage', function: 'plans' },
  { method: 'GET', path: '/tenants/{slug}/usage', function: 'plans' },
  { method: 'GET', path: '/placements', function: 'placements' },
  { method: 'POST', path: '/placements', function: 'placements' },
  { method: 'PATCH', path: '/placements/{name}', function: 'placements' },
  { method: 'DELETE', path: '/placements/{name}', function: 'placements' },
  { method: 'POST', path: '/placements/{name}/drain', function: 'placements' },
] as const satisfies readonly ControlRoute[]

type Routes = (typeof controlRoutes)[number]

export type ControlFunctionName = Routes['function']

/** The endpoints that the handler of one function must have, by `routeKey`. */
export type ControlEndpointsOf<Name extends ControlFunctionName> = {
  readonly [Row in Extract<Routes, { function: Name }> as `${Row['method']} ${Row['path']}`]: OperatorEndpoint
}

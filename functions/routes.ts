import type { RouteDescription } from '../shared/http/description.ts'
import type { PublicEndpoint, ServedRoute, TenantEndpoint } from '../shared/http/endpoint.ts'

/** The scope that a caller must have; `public` routes need no credential and belong to no tenant. */
export type Access = 'public' | `${string}:${'read' | 'write'}`

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** As API Gateway writes it: `/products/{id}`. */
  readonly path: `/${string}`
  /** The folder in `functions/` whose `handler.ts` serves it: one Lambda function each. */
  readonly function: string
  readonly access: Access
}

/** The application plane's endpoints. The HTTP API's routes are made from it, and handlers dispatch by it. */
export const routes = [
  { method: 'GET', path: '/products', function: 'products', access: 'products:read' },
  { method: 'POST', path: '/products', function: 'products', access: 'products:write' },
  { method: 'GET', path: '/products/{id}', function: 'products', access: 'products:read' },
  { method: 'PATCH', path: '/products/{id}', function: 'products', access: 'products:write' },
  { method: 'DELETE', path: '/products/{id}', function: 'products', access: 'products:write' },
  { method: 'GET', path: '/orders', function: 'orders', access: 'orders:read' },
  { method: 'POST', path: '/orders', function: 'orders', access: 'orders:write' },
  { method: 'GET', path: '/orders/{id}', function: 'orders', access: 'orders:read' },
  { method: 'GET', path: '/health', function: 'health', access: 'public' },
  { method: 'GET', path: '/openapi.json', function: 'docs', access: 'public' },
  { method: 'GET', path: '/docs', function: 'docs', access: 'public' },
  { method: 'GET', path: '/docs/{page}', function: 'docs', access: 'public' },
  { method: 'OPTIONS', path: '/{proxy+}', function: 'preflight', access: 'public' },
] as const satisfies readonly Route[]

type Routes = (typeof routes)[number]

export type FunctionName = Routes['function']

/**
 * The endpoints that the handler of one function must have: one for each of its routes by `routeKey`, public where the
 * route is. A missing, surplus or wrongly open one does not compile.
 */
export type EndpointsOf<Name extends FunctionName> = {
  readonly [Row in Extract<
    Routes,
    { function: Name }
  > as `${Row['method']} ${Row['path']}`]: Row['access'] extends 'public' ? PublicEndpoint : TenantEndpoint
}

/** What the API's description says of the routes of one function, in its folder's `description.ts`. */
export type DescriptionsOf<Name extends FunctionName> = {
  readonly [Row in Extract<Routes, { function: Name }> as `${Row['method']} ${Row['path']}`]: RouteDescription
}

/** Every scope that a credential can have: those of the table. */
export const scopes: readonly string[] = [
  ...new Set(routes.map(({ access }) => access).filter((access) => access !== 'public')),
]

/** Joins a function's endpoints with the rows of the table that they serve, whose `access` is what is enforced. */
export function serve<Name extends FunctionName>(
  name: Name,
  endpoints: EndpointsOf<Name>,
): Readonly<Record<string, ServedRoute>> {
  const byKey: Readonly<Record<string, TenantEndpoint | PublicEndpoint>> = endpoints
  return Object.fromEntries(
    routes
      .filter((route) => route.function === name)
      .flatMap(({ method, path, access }) => {
        const endpoint = byKey[`${method} ${path}`]
        return endpoint === undefined ? [] : [[`${method} ${path}`, { endpoint, access }]]
      }),
  )
}

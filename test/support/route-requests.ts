import * as z from 'zod'
import { routes } from '../../functions/routes.ts'
import type { ServedRoute, TenantEndpoint } from '../../shared/http/endpoint.ts'

/** A route of the table that needs a credential, with its endpoint. */
export interface GuardedRoute {
  readonly method: (typeof routes)[number]['method']
  readonly path: string
  readonly access: string
  readonly endpoint: TenantEndpoint
  /** The names of what its schema takes, by part of the request. */
  readonly fields: Readonly<Record<'path' | 'query' | 'body', readonly string[]>>
}

const part = z.object({ properties: z.record(z.string(), z.unknown()).default({}) }).optional()
const parts = z.object({ properties: z.object({ path: part, query: part, body: part }) })

/** Every route of the table but the public ones: one that is added tomorrow is among them. */
export async function readGuardedRoutes(): Promise<GuardedRoute[]> {
  const guarded = routes.filter(({ access }) => access !== 'public')
  return Promise.all(
    guarded.map(async ({ method, path, access, function: folder }): Promise<GuardedRoute> => {
      const { routes: served }: { routes: Record<string, ServedRoute> } = await import(
        `../../functions/${folder}/handler.ts`
      )
      const endpoint = served[`${method} ${path}`]?.endpoint
      if (endpoint?.kind !== 'tenant') throw new Error(`${method} ${path} is served by no tenant's endpoint`)
      const schema = parts.parse(z.toJSONSchema(endpoint.request, { unrepresentable: 'any', io: 'input' }))
      const names = (of: z.output<typeof part>) => Object.keys(of?.properties ?? {})
      const { path: inPath, query, body } = schema.properties
      return { method, path, access, endpoint, fields: { path: names(inPath), query: names(query), body: names(body) } }
    }),
  )
}

/** A route as API Gateway's HTTP APIs know it: a method or ANY, and a path of words, `{parameter}` and `{greedy+}`. */
export interface RoutePattern {
  readonly method: string
  readonly path: string
}

export interface RouteMatch<Route> {
  readonly route: Route
  readonly parameters: Readonly<Record<string, string>>
}

/**
 * Finds the most specific route for a request, as HTTP APIs do: words before parameters, parameters before greedy ones,
 * and a method before ANY. `path` is as it was sent, still percent-encoded.
 */
export function createRouteMatcher<Route extends RoutePattern>(
  routes: readonly Route[],
): (method: string, path: string) => RouteMatch<Route> | undefined {
  const compiled = routes
    .map((route) => ({ route, pattern: toPattern(route.path), rank: rank(route) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))

  return (method, path) => {
    for (const { route, pattern } of compiled) {
      if (route.method !== 'ANY' && route.method !== method) continue
      const match = pattern.exec(path)
      if (match !== null) return { route, parameters: decodeAll(match.groups ?? {}) }
    }
    return undefined
  }
}

const parameter = /\{([A-Za-z][A-Za-z0-9_]*)(\+?)\}/g

function toPattern(path: string): RegExp {
  const source = path.replace(/[.*^$()|[\]\\]/g, '\\$&').replace(parameter, (_, name: string, greedy: string) => {
    return `(?<${name}>${greedy === '' ? '[^/]+' : '.+'})`
  })
  return new RegExp(`^${source}$`)
}

function rank({ method, path }: RoutePattern): string {
  const parts = path.split('/').map((part) => (part.endsWith('+}') ? '2' : part.startsWith('{') ? '1' : '0'))
  return `${parts.join('')}${method === 'ANY' ? '1' : '0'}`
}

function decodeAll(parameters: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, decodeLeniently(value)]))
}

function decodeLeniently(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

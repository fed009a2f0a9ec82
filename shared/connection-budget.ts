/** Connections that a function instance keeps to one placement: a tenant's request needs one, the control plane works on several. */
export const poolSize = { api: 1, control: 4 } as const

/** How many placements' pools besides the first one's an instance keeps open: connections are what is scarce. */
export const mostOtherPlacements = 2

/** Sessions of their own, beside the pools: a move has two, for COPY. */
const mostSessions = 2
/** After a deployment the instances before it are frozen, with their connections, until the server ends those. */
const generations = 2
/** Rotation, the bootstrap function, an operator's psql. */
const others = 10

/** The functions that may be at work at once, all instances of each plane. */
export interface Instances {
  readonly application: number
  readonly control: number
}

/**
 * How many connections the functions may open to a server that has `placements` of them. Behind a proxy the application
 * plane's are the proxy's, `proxyLimit` at most, however many instances there are.
 */
export function countConnections(
  placements: number,
  instances: Instances,
  proxyLimit: number | undefined = undefined,
): number {
  const pools = Math.min(placements, 1 + mostOtherPlacements)
  const application = proxyLimit ?? generations * instances.application * pools * poolSize.api
  return application + generations * instances.control * (pools * poolSize.control + mostSessions) + others
}

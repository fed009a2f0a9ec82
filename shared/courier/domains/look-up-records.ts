import { Resolver } from 'node:dns/promises'
import type { DnsRecord, SeenRecord } from './domain-request.ts'

export interface LookUpOptions {
  /** The resolvers that are asked, as `address` or `address:port`; the system's when there is none. */
  readonly servers: readonly string[]
  /** Milliseconds that each has for an answer. */
  readonly timeout?: number
}

/** Aliases that are followed. */
const mostAliases = 5

/** There is nothing of that type, or nothing of that name: an answer, and no failure. */
const nothing = new Set(['ENODATA', 'ENOTFOUND'])

/**
 * Looks which records there are, by several resolvers, so that a stale or lying one decides nothing: what more than half of
 * them say is there. A name may lead to its target by the same addresses as well as by a CNAME, which the top of a zone cannot
 * have.
 */
export async function lookUpRecords(records: readonly DnsRecord[], options: LookUpOptions): Promise<SeenRecord[]> {
  const { servers, timeout = 1_500 } = options
  const resolvers = (servers.length === 0 ? [undefined] : servers).map((server) => {
    const resolver = new Resolver({ timeout, tries: 2 })
    if (server !== undefined) resolver.setServers([server])
    return resolver
  })
  return Promise.all(records.map((record) => lookUp(record, resolvers)))
}

async function lookUp(record: DnsRecord, resolvers: readonly Resolver[]): Promise<SeenRecord> {
  const answers = await Promise.allSettled(resolvers.map((resolver) => ask(resolver, record)))
  const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [codeOf(answer.reason)] : []))
  const given = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const most = resolvers.length / 2
  const counts = new Map<string, number>()
  for (const { values } of given) for (const value of new Set(values)) counts.set(value, (counts.get(value) ?? 0) + 1)
  return {
    found: given.filter(({ found }) => found).length > most,
    seen: [...counts].flatMap(([value, count]) => (count > most ? [value] : [])).toSorted(),
    ...(given.length > most ? {} : { problem: `the resolvers do not answer: ${[...new Set(failed)].join(', ')}` }),
  }
}

interface Given {
  readonly found: boolean
  readonly values: readonly string[]
}

async function ask(resolver: Resolver, { type, name, value }: DnsRecord): Promise<Given> {
  if (type === 'TXT') {
    // A long text comes in parts.
    const values = (await orNothing(resolver.resolveTxt(name))).map((parts) => parts.join(''))
    return { found: values.includes(value), values }
  }
  const canonical = (host: string) => host.toLowerCase().replace(/\.$/, '')
  // One alias may lead to the next.
  const names: string[] = []
  for (let at: string | undefined = name; at !== undefined && names.length < mostAliases; ) {
    at = (await orNothing(resolver.resolveCname(at))).map(canonical)[0]
    if (at !== undefined) names.push(at)
  }
  if (names.includes(canonical(value))) return { found: true, values: names }
  const [own, targets] = await Promise.all([orNothing(resolver.resolve4(name)), orNothing(resolver.resolve4(value))])
  // The host's addresses change, and each resolver may know others of them.
  return { found: own.some((address) => targets.includes(address)), values: names.length > 0 ? names : own }
}

function orNothing<Value>(answer: Promise<Value[]>): Promise<Value[]> {
  return answer.catch((error: unknown) => {
    if (nothing.has(codeOf(error))) return []
    throw error
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

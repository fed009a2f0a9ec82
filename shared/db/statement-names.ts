/** A named statement of one connection: what must be sent before it can be bound. */
export interface NamedStatement {
  readonly name: string
  readonly needs: 'nothing' | 'parse' | 'close and parse'
  /** Of one that made room for it, to be closed. */
  readonly evicted: string | undefined
}

export interface StatementNames {
  /** The name for a text in a schema: those of two tenants are two statements, each planned for its own tables. */
  take(schema: string, text: string): NamedStatement
  /** Something failed before it was known whether the server has it. */
  doubt(name: string): void
}

/** A backend keeps some tens of kilobytes for each, of the tenant's tables that are in its plan. */
const most = 200

/**
 * Keeps count of what a connection's server has parsed, the least recently used making room. A statement survives the transaction
 * that it was parsed in; one whose message was skipped, because what stood before it failed, is not there, and one that is there
 * cannot be parsed again: so a doubtful one is closed first, which does no harm to one that is not there.
 */
export function createStatementNames(limit = most): StatementNames {
  const known = new Map<string, { readonly name: string; isSure: boolean }>()
  let count = 0

  return {
    take(schema, text) {
      const key = `${schema}\0${text}`
      const found = known.get(key)
      if (found !== undefined) {
        known.delete(key)
        known.set(key, found)
        const needs = found.isSure ? 'nothing' : 'close and parse'
        found.isSure = true
        return { name: found.name, needs, evicted: undefined }
      }
      const [oldest] = known.size >= limit ? known : []
      if (oldest !== undefined) known.delete(oldest[0])
      count += 1
      const name = `atrium_${count}`
      known.set(key, { name, isSure: true })
      return { name, needs: 'parse', evicted: oldest?.[1].name }
    },
    doubt(name) {
      for (const each of known.values()) if (each.name === name) each.isSure = false
    },
  }
}

import pg from 'pg'
import { createStatementNames, type NamedStatement, type StatementNames } from './statement-names.ts'

/** A statement with its bind values. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

// The members of pg 8.23's Query that this file builds on; @types/pg declares none of them.
declare module 'pg' {
  interface Query {
    callback: (error: Error | null, result: pg.QueryResult) => void
    text: string
    name: string | undefined
    requiresPreparation(): boolean
    hasBeenParsed(connection: pg.Connection): boolean
    handleError(error: Error, connection: pg.Connection): void
    prepare(connection: pg.Connection): void
    handleDataRow(message: unknown): void
    handleCommandComplete(message: unknown, connection: pg.Connection): void
  }
}

/** What a statement needs of the connection to send another one before it, under the same Sync. */
interface Wire {
  parse(message: { text: string; name: string; types: readonly number[] }): void
  bind(message: { portal: string; statement: string; values: readonly string[] }): void
  execute(message: { portal: string; rows: number }): void
  close(message: { type: 'S'; name: string }): void
  /** Of pg's own, by name, which it never shortens. */
  readonly parsedStatements: Record<string, string>
}

const unnamed: NamedStatement = { name: '', needs: 'parse', evicted: undefined }

/**
 * Sends a preface and a statement under one Sync: PostgreSQL runs both in one implicit transaction, in one round
 * trip, and skips the statement when the preface fails. What the preface sets locally ends with the Sync. Only the
 * statement's rows and command reach the caller. A subclass, because pg in pipeline mode accepts no other Submittable.
 */
class PrefacedStatement extends pg.Query {
  readonly #preface: Statement
  readonly #names: StatementNames | undefined
  #named: string[] = []
  #isParsed = false
  #prefaceDone = false

  constructor(preface: Statement, statement: Statement, names: StatementNames | undefined) {
    super(statement.text, [...statement.values])
    this.#preface = preface
    this.#names = names
  }

  override requiresPreparation(): boolean {
    return true
  }

  /** Asked by pg before it would send a Parse: ours is sent by then, where the statement has a name. */
  override hasBeenParsed(): boolean {
    return this.#isParsed
  }

  override prepare(connection: pg.Connection & Wire): void {
    const { text, values } = this.#preface
    const prefaceName = this.#parse(connection, '', text)
    connection.bind({ portal: '', statement: prefaceName, values: values.map(String) })
    connection.execute({ portal: '', rows: 0 })
    if (this.#names !== undefined) {
      // By the preface's first value, the schema that it enters.
      this.name = this.#parse(connection, String(values[0] ?? ''), this.text)
      this.#isParsed = true
    }
    super.prepare(connection)
  }

  /** Sends what the server lacks of a statement, and answers its name. */
  #parse(connection: Wire, schema: string, text: string): string {
    const { name, needs, evicted } = this.#names?.take(schema, text) ?? unnamed
    if (evicted !== undefined) {
      connection.close({ type: 'S', name: evicted })
      delete connection.parsedStatements[evicted]
    }
    if (needs === 'close and parse') connection.close({ type: 'S', name })
    if (needs !== 'nothing') connection.parse({ text, name, types: [] })
    this.#named.push(name)
    return name
  }

  override handleError(error: Error, connection: pg.Connection): void {
    for (const name of this.#named) this.#names?.doubt(name)
    super.handleError(error, connection)
  }

  override handleDataRow(message: unknown): void {
    if (this.#prefaceDone) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, connection: pg.Connection): void {
    if (this.#prefaceDone) super.handleCommandComplete(message, connection)
    else this.#prefaceDone = true
  }
}

const namesOf = new WeakMap<pg.ClientBase, StatementNames>()

/**
 * From now on what is sent to the server on this connection is parsed and planned once, and then known by a name. For connections
 * that are nobody else's: a pooler before the server either ties its connection to ours for good, or does not know the names.
 */
export function nameStatements(client: pg.ClientBase): void {
  namesOf.set(client, createStatementNames())
}

/**
 * Runs `statement` behind `preface` in one round trip, or in two where a name is stale. Rejects with pg's DatabaseError, or when the
 * connection is lost.
 */
export function queryPrefaced(
  client: pg.ClientBase,
  preface: Statement,
  statement: Statement,
): Promise<pg.QueryResult> {
  const names = namesOf.get(client)
  const send = () =>
    new Promise<pg.QueryResult>((resolve, reject) => {
      const query = new PrefacedStatement(preface, statement, names)
      query.callback = (error, result) => (error === null ? resolve(result) : reject(error))
      client.query(query)
    })
  if (names === undefined) return send()
  return send().catch((error) => {
    if (isNameStale(error)) return send()
    throw error
  })
}

/**
 * The server does not know the name, or what it stands for has another result type since a migration: it has refused to begin,
 * so that nothing was done.
 */
function isNameStale(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false
  const { code, routine } = error
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery')
}

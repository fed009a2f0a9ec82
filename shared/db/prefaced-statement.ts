import pg from 'pg'

/** A statement with its bind values. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

// The members of pg 8.23's Query that this file builds on; @types/pg declares none of them.
declare module 'pg' {
  interface Query {
    callback: (error: Error | null, result: pg.QueryResult) => void
    requiresPreparation(): boolean
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
}

/**
 * Sends a preface and a statement under one Sync: PostgreSQL runs both in one implicit transaction, in one round
 * trip, and skips the statement when the preface fails. What the preface sets locally ends with the Sync. Only the
 * statement's rows and command reach the caller. A subclass, because pg in pipeline mode accepts no other Submittable.
 */
class PrefacedStatement extends pg.Query {
  readonly #preface: Statement
  #prefaceDone = false

  constructor(preface: Statement, statement: Statement) {
    super({ text: statement.text, values: [...statement.values] })
    this.#preface = preface
  }

  override requiresPreparation(): boolean {
    return true
  }

  override prepare(connection: pg.Connection & Wire): void {
    connection.parse({ text: this.#preface.text, name: '', types: [] })
    connection.bind({ portal: '', statement: '', values: this.#preface.values.map(String) })
    connection.execute({ portal: '', rows: 0 })
    super.prepare(connection)
  }

  override handleDataRow(message: unknown): void {
    if (this.#prefaceDone) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, connection: pg.Connection): void {
    if (this.#prefaceDone) super.handleCommandComplete(message, connection)
    else this.#prefaceDone = true
  }
}

/** Runs `statement` behind `preface` in one round trip. Rejects with pg's DatabaseError, or when the connection is lost. */
export function queryPrefaced(
  client: pg.ClientBase,
  preface: Statement,
  statement: Statement,
): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    const query = new PrefacedStatement(preface, statement)
    query.callback = (error, result) => (error === null ? resolve(result) : reject(error))
    client.query(query)
  })
}

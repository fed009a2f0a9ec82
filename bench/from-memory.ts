import pg from 'pg'

interface Submitted {
  readonly text: string
  readonly callback: (error: Error | null, result: pg.QueryResult) => void
}

/**
 * From now on the first answer to a statement that begins so is also the answer to all that follow, in this process and without a
 * round trip: what is left is what the process itself does. All others go to the server. Answers what ends it.
 */
export function answerFromMemory(beginning: string): () => void {
  const client = pg.Client.prototype as unknown as { query(query: unknown, ...rest: unknown[]): unknown }
  const { query: ask } = client
  let remembered: pg.QueryResult | undefined
  client.query = function (this: typeof client, query, ...rest) {
    if (!isSubmitted(query) || !query.text.startsWith(beginning)) return ask.call(this, query, ...rest)
    if (remembered !== undefined) return queueMicrotask(() => query.callback(null, remembered as pg.QueryResult))
    const { callback } = query
    const remember: Submitted['callback'] = (error, result) => {
      if (error === null) remembered = result
      callback(error, result)
    }
    return ask.call(this, Object.assign(query, { callback: remember }), ...rest)
  }
  return () => {
    client.query = ask
  }
}

function isSubmitted(query: unknown): query is Submitted {
  return typeof query === 'object' && query !== null && 'text' in query && 'callback' in query
}

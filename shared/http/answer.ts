/** What an endpoint answers: a status, a body that becomes JSON, and headers of its own. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly file?: never
  readonly headers?: Readonly<Record<string, string>>
}

/** A file as it is, of a public endpoint: nothing keeps one for an idempotency key. */
export interface FileAnswer extends Omit<Answer, 'body' | 'file'> {
  readonly body?: never
  readonly file: { readonly type: string; readonly bytes: Buffer }
}

export function ok(body: unknown): Answer {
  return { status: 200, body }
}

/** 201, with the path at which what was made can be read. */
export function created(location: string, body: unknown): Answer {
  return { status: 201, body, headers: { location } }
}

/** 202, with the path at which the operation that was begun can be followed. */
export function accepted(location: string, operation: unknown): Answer {
  return { status: 202, body: operation, headers: { location } }
}

export function noContent(): Answer {
  return { status: 204 }
}

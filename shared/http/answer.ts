/** What an endpoint answers: a status, a body that becomes JSON, or a file as it is, and headers of its own. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly file?: { readonly type: string; readonly bytes: Buffer }
  readonly headers?: Readonly<Record<string, string>>
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

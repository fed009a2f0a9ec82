/** What a credential allows for one tenant. */
export interface Grant {
  readonly tenantId: string
  readonly scopes: ReadonlySet<string>
}

/** A credential that was found good: an API key or a token, and whom it is for. */
export interface Credential {
  /** For the log: `key <id>` or `token <subject>`. */
  readonly label: string
  /** One for a key; one for each tenant that a token names, which is rarely more than one. */
  readonly grants: readonly Grant[]
  /** The id of an API key, whose use is noted. */
  readonly keyId?: string
}

/** What a request sent to show who is calling, with its SHA-256 in base64. */
export type SentCredential =
  | { readonly kind: 'key'; readonly keyId: string; readonly digest: string }
  | { readonly kind: 'token'; readonly text: string; readonly digest: string }

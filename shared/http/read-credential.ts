import { hash } from 'node:crypto'
import { AppError } from '../errors.ts'
import { parseApiKey } from '../tenancy/api-key.ts'
import type { SentCredential } from '../tenancy/credential.ts'

/** RFC 6750 and RFC 9110: the scheme in any case, then a token68. */
const bearer = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i

/** The one answer to every caller without a good credential, whatever is wrong with it and whether the tenant exists. */
export function unauthenticated(detail = 'A valid API key or token is needed: "Authorization: Bearer …".'): AppError {
  return new AppError('unauthenticated', detail)
}

/** Reads what a request sent to show who calls. An AppError, not thrown, when there is nothing that could be good. */
export function readCredential(header: string | undefined): SentCredential | AppError {
  const token = bearer.exec(header ?? '')?.[1]
  if (token === undefined) return unauthenticated()
  const key = parseApiKey(token)
  if (key === 'mistyped') return unauthenticated('The API key is mistyped or cut short: its checksum does not match.')
  if (key !== undefined) return { kind: 'key', ...key }
  // What is no token at all is told without a look-up, as a mistyped key is.
  if (!looksLikeToken(token)) return unauthenticated()
  return { kind: 'token', text: token, digest: hash('sha256', token, 'base64') }
}

/** Three parts, of which the first two hold JSON (RFC 7519). */
function looksLikeToken(text: string): boolean {
  const parts = text.split('.')
  try {
    for (const part of parts.slice(0, 2)) JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return parts.length === 3
  } catch {
    return false
  }
}

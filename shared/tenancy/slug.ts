import { randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'

const shape = /^[a-z][a-z0-9-]{1,38}[a-z0-9]$/

/** Names that a host, a path or a role of ours has, or may want one day. */
const reserved: ReadonlySet<string> = new Set(
  `about account admin administrator api app assets atrium auth billing blog catalog cdn control courier dashboard
   default demo docs domain domains email ftp health help imap internal local localhost login logout mail none null
   operations origin owner placement pop postgres private proxy public root security smtp staging static status
   support system tenant tenants test undefined webmail www`.split(/\s+/),
)

/**
 * Checks a new tenant's slug: 3 to 40 of a–z, 0–9 and hyphen, since it becomes a host's label and part of a schema's
 * name. Throws `invalid_slug` with what is wrong with it.
 */
export function checkSlug(slug: string): string {
  const refuse = (reason: string) => new AppError('invalid_slug', `The slug ${JSON.stringify(slug)} ${reason}.`)
  if (!shape.test(slug)) {
    throw refuse(
      'must be 3 to 40 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen',
    )
  }
  if (slug.slice(2, 4) === '--') throw refuse('must not have hyphens at its third and fourth place (RFC 5891)')
  if (slug.startsWith('pg')) throw refuse('must not begin with "pg", as PostgreSQL keeps such names for itself')
  if (reserved.has(slug)) throw refuse('is reserved')
  return slug
}

/** Whether `text` could be a slug at all, for names that come with a request. */
export function looksLikeSlug(text: string): boolean {
  return shape.test(text)
}

/**
 * A name for the tenant's schema and role, `t_<slug>_<short id>`: at most 51 of PostgreSQL's 63 bytes. The short id is
 * drawn for every schema made, so that a stale cache can only miss and no role is ever used for two schemas.
 */
export function drawSchemaName(slug: string): string {
  return `t_${slug.replaceAll('-', '_')}_${randomBytes(4).toString('hex')}`
}

import { domainToUnicode } from 'node:url'
import { parse } from 'tldts'
import { AppError } from '../errors.ts'
import { canonicalDomain } from './host-name.ts'

/**
 * A name that a tenant may claim, as it is compared and stored: lower case, international ones in punycode. Throws
 * `invalid_domain` with why not: a wildcard, an address, one label, a public suffix (`co.uk`, by the public suffix list), or
 * one of ours.
 */
export function checkDomain(
  domain: string,
  ours: { readonly base: string | undefined; readonly shared: readonly string[] },
): string {
  const refuse = (why: string) => new AppError('invalid_domain', `${JSON.stringify(domain)} ${why}.`)
  if (domain.includes('*')) throw refuse('is a wildcard: claim each name')
  const canonical = canonicalDomain(domain.trim())
  if (canonical === undefined) throw refuse('is no domain: expected a name such as shop.acme.com')
  // The common name of its certificate holds no more (RFC 5280, ub-common-name).
  if (canonical.length > 64) throw refuse('is longer than 64 characters, and no certificate is issued for it')
  const { isIp, publicSuffix, domain: registrable } = parse(canonical, { allowPrivateDomains: true })
  if (isIp) throw refuse('is an address, not a name')
  if (registrable === null || canonical === publicSuffix) throw refuse('is a suffix that belongs to the public')
  const { base, shared } = ours
  if (base !== undefined && (canonical === base || canonical.endsWith(`.${base}`))) {
    throw refuse(`is under ${base}, where every tenant has its name already`)
  }
  if (shared.includes(canonical)) throw refuse("is one of the deployment's own")
  return canonical
}

/** `shop.müller.de` for `shop.xn--mller-kva.de`; undefined where there is no other way to write it. */
export function unicodeOf(domain: string): string | undefined {
  const unicode = domainToUnicode(domain)
  return unicode === '' || unicode === domain ? undefined : unicode
}

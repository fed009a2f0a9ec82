import { domainToASCII } from 'node:url'

/**
 * What is canonical as it stands: no capital, no punycode, and a last label that begins with a letter, so that the name is no number
 * in disguise (URL standard, 3.5). Most hosts are such, and to ask ICU takes longer than all else that is done with a host.
 */
const plain = /^(?!.*xn--)(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A host as it is compared and stored: lower case, without port and trailing dot, international names in punycode.
 * Undefined for what is no host name; an IPv6 literal stays in its brackets.
 */
export function canonicalHost(host: string): string | undefined {
  const literal = /^\[([0-9a-f:.]{2,45})\](?::\d{1,5})?$/i.exec(host)
  if (literal !== null) return `[${literal[1]?.toLowerCase()}]`
  const name = /^([^:/?#@\s\\%]+?)\.?(?::\d{1,5})?$/.exec(host)?.[1]
  if (name === undefined) return undefined
  const ascii = plain.test(name) ? name : domainToASCII(name)
  if (ascii.length === 0 || ascii.length > 253) return undefined
  return ascii.split('.').every((part) => label.test(part)) ? ascii : undefined
}

/** A domain that a tenant may call its own: canonical, with at least two labels, and no IP address. */
export function canonicalDomain(domain: string): string | undefined {
  const host = canonicalHost(domain)
  if (host === undefined || host.startsWith('[') || !host.includes('.')) return undefined
  return /^[\d.]+$/.test(host) ? undefined : host
}

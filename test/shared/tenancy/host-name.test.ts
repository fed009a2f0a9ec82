import { domainToASCII } from 'node:url'
import { describe, expect, it } from 'vitest'
import { canonicalDomain, canonicalHost } from '../../../shared/tenancy/host-name.ts'

describe('canonicalHost', () => {
  it.each([
    ['shop.acme.com', 'shop.acme.com'],
    ['Shop.ACME.com', 'shop.acme.com'],
    ['shop.acme.com:8443', 'shop.acme.com'],
    ['shop.acme.com.', 'shop.acme.com'],
    ['SHOP.ACME.COM.:443', 'shop.acme.com'],
    ['localhost:3000', 'localhost'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['[::1]:3000', '[::1]'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['192.0.2.1', '192.0.2.1'],
  ])('makes %s %s', (host, canonical) => {
    expect(canonicalHost(host)).toBe(canonical)
  })

  it.each([
    '',
    '.',
    '..',
    'a..b',
    '.acme.com',
    'acme.com..',
    'acme.com:',
    'acme.com:port',
    'acme.com:123456',
    'user@acme.com',
    'acme.com/path',
    'acme.com?x',
    'acme.com#x',
    'acme com',
    'acme%2ecom',
    'a\\b.com',
    '-acme.com',
    'acme-.com',
    'a_b.com',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
    '::1',
    '[::1',
    'germany.localhost,france.localhost',
  ])('refuses %j', (host) => {
    expect(canonicalHost(host)).toBeUndefined()
  })
})

it('finds the same by its short way as by the long one, and numbers in disguise no name', () => {
  const parts = ['a', 'shop', '0x7f', '1', '255', 'xn--bcher-kva', 'ab--cd', '0xg', 'e0', '-', 'acme-', '0']
  for (const first of parts) {
    for (const last of parts) {
      const ascii = domainToASCII(`${first}.${last}`)
      const isName = ascii !== '' && ascii.split('.').every((part) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(part))
      expect(canonicalHost(`${first}.${last}`), `${first}.${last}`).toBe(isName ? ascii : undefined)
    }
  }
})

describe('canonicalDomain', () => {
  it('takes a name of two labels or more', () => {
    expect(canonicalDomain('Shop.Acme.com.')).toBe('shop.acme.com')
    expect(canonicalDomain('germany.localhost')).toBe('germany.localhost')
  })

  it.each(['localhost', '192.0.2.1', '[::1]', '1.2.3', '*.acme.com'])('refuses %s', (domain) => {
    expect(canonicalDomain(domain)).toBeUndefined()
  })
})

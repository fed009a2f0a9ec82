import { describe, expect, it } from 'vitest'
import { checkSlug, drawSchemaName } from '../../../shared/tenancy/slug.ts'

describe('checkSlug', () => {
  it.each(['abc', 'acme', 'a1-b2', 'a'.repeat(40), 'x-ray', 'ab-c--d'])('takes %s', (slug) => {
    expect(checkSlug(slug)).toBe(slug)
  })

  it.each([
    ['', 'must be 3 to 40'],
    ['ab', 'must be 3 to 40'],
    ['a'.repeat(41), 'must be 3 to 40'],
    ['a'.repeat(64), 'must be 3 to 40'],
    ['1abc', 'must be 3 to 40'],
    ['-abc', 'must be 3 to 40'],
    ['abc-', 'must be 3 to 40'],
    ['Acme', 'must be 3 to 40'],
    ['a_b', 'must be 3 to 40'],
    ['a.b', 'must be 3 to 40'],
    ['a b', 'must be 3 to 40'],
    ['abc\n', 'must be 3 to 40'],
    ['a"b', 'must be 3 to 40'],
    ["a'b", 'must be 3 to 40'],
    ['a;drop schema public', 'must be 3 to 40'],
    ['münchen', 'must be 3 to 40'],
    ['аcme', 'must be 3 to 40'], // the first letter is Cyrillic
    ['xn--abc', 'third and fourth place'],
    ['ab--cd', 'third and fourth place'],
    ['pg-data', 'must not begin with "pg"'],
    ['pgbouncer', 'must not begin with "pg"'],
    ...['public', 'www', 'api', 'admin', 'control', 'origin', 'docs', 'catalog', 'localhost'].map((word) => [
      word,
      'is reserved',
    ]),
  ])('refuses %j', (slug, reason) => {
    expect(() => checkSlug(slug)).toThrow(
      expect.objectContaining({ code: 'invalid_slug', message: expect.stringContaining(reason) }),
    )
  })
})

describe('drawSchemaName', () => {
  it("fits PostgreSQL's 63 bytes and is drawn anew each time", () => {
    const longest = drawSchemaName(`a${'-b'.repeat(19)}c`)
    expect(Buffer.byteLength(longest)).toBeLessThanOrEqual(63)
    expect(longest).toMatch(/^t_a(_b){19}c_[0-9a-f]{8}$/)
    expect(drawSchemaName('acme')).not.toBe(drawSchemaName('acme'))
  })
})

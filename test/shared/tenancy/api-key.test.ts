import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { drawApiKey, parseApiKey } from '../../../shared/tenancy/api-key.ts'

it('is drawn with an id and 256 random bits, and kept as its SHA-256', () => {
  const { keyId, text, hash } = drawApiKey()
  expect(text).toMatch(/^atr_[a-z2-7]{12}_[A-Za-z0-9_-]{43}[0-9a-z]{7}$/)
  expect(hash).toEqual(createHash('sha256').update(text).digest())
  expect(parseApiKey(text)).toEqual({ keyId, digest: hash.toString('base64') })
  expect(text.slice(-7)).toBe(crc32(text.slice(0, -7)).toString(36).padStart(7, '0'))
  expect(new Set(Array.from({ length: 1_000 }, () => drawApiKey().text)).size).toBe(1_000)
})

it('is told to be mistyped by itself, whatever one character was changed, lost or doubled', () => {
  const { text } = drawApiKey()
  const typo = fc.tuple(fc.integer({ min: 4, max: text.length - 1 }), fc.constantFrom('', 'a', '7', 'Z', '_', 'aa'))
  fc.assert(
    fc.property(typo, ([at, instead]) => {
      const changed = `${text.slice(0, at)}${instead}${text.slice(at + 1)}`
      expect(parseApiKey(changed)).toEqual(
        changed === text ? expect.objectContaining({ digest: expect.anything() }) : 'mistyped',
      )
    }),
  )
  expect(parseApiKey(text.slice(0, -1))).toBe('mistyped')
  expect(parseApiKey(`${text} `)).toBe('mistyped')
})

it('is not taken for a key when it does not begin like one', () => {
  expect(parseApiKey('eyJhbGciOiJSUzI1NiJ9.e30.x')).toBeUndefined()
})

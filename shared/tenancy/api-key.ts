import { hash, randomBytes, randomInt } from 'node:crypto'

/** `atr_<key id>_<256 random bits><checksum>` */
const shape = /^atr_([a-z2-7]{12})_([A-Za-z0-9_-]{43})([0-9a-z]{7})$/

const idAlphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** A key as it is shown once: `text` is the secret, `hash` what is kept of it. */
export interface DrawnKey {
  readonly keyId: string
  readonly text: string
  readonly hash: Buffer
}

export function drawApiKey(): DrawnKey {
  const keyId = Array.from({ length: 12 }, () => idAlphabet[randomInt(idAlphabet.length)]).join('')
  const stem = `atr_${keyId}_${randomBytes(32).toString('base64url')}`
  const text = `${stem}${checksumOf(stem)}`
  return { keyId, text, hash: Buffer.from(hashApiKey(text), 'base64') }
}

/** What a request sent as its key, with its SHA-256 in base64: told to be mistyped by its checksum alone, without asking anyone. */
export type ParsedKey = { readonly keyId: string; readonly digest: string } | 'mistyped'

/** Reads a key. Undefined for what does not even look like one. */
export function parseApiKey(text: string): ParsedKey | undefined {
  if (!text.startsWith('atr_')) return undefined
  const [, keyId, , checksum] = shape.exec(text) ?? []
  if (keyId === undefined || checksum !== checksumOf(text.slice(0, -7))) return 'mistyped'
  return { keyId, digest: hashApiKey(text) }
}

/** A key of 256 random bits needs no slow hash: there is nothing to guess. */
function hashApiKey(text: string): string {
  return hash('sha256', text, 'base64')
}

function checksumOf(stem: string): string {
  return crc32(stem).toString(36).padStart(7, '0')
}

/** What eight bits of the rest come to, by the polynomial of CRC-32 (ISO-HDLC). */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0)
  return rest
})

/** As in `node:zlib`, which takes 2 ms of a cold start to load. Of a key's characters, each of which is one byte. */
function crc32(text: string): number {
  let rest = -1
  for (let at = 0; at < text.length; at += 1) {
    rest = (rest >>> 8) ^ (remainders[(rest ^ text.charCodeAt(at)) & 0xff] ?? 0)
  }
  return ~rest >>> 0
}

import * as z from 'zod'
import { domainRequest } from './domains/domain-request.ts'

/** Asks for the public keys of an issuer. */
export const signingKeysRequest = z.strictObject({
  kind: z.literal('jwks'),
  issuer: z.string(),
  /** Null: where the issuer's discovery document says. */
  jwksUri: z.string().nullable(),
})

export type SigningKeysRequest = z.output<typeof signingKeysRequest>

/** What the courier is asked. */
export const courierRequest = z.union([signingKeysRequest, domainRequest])

export type CourierRequest = z.output<typeof courierRequest>

/** The public members of a signing key (RFC 7517, RFC 7518); whatever else an endpoint sends is left behind. */
const publicKey = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: z.string().max(500).optional(),
  alg: z.string().max(50).optional(),
  use: z.string().max(50).optional(),
  n: z.string().max(4_000).optional(),
  e: z.string().max(50).optional(),
  crv: z.string().max(50).optional(),
  x: z.string().max(500).optional(),
  y: z.string().max(500).optional(),
})

/** Keys of other kinds are none of ours, and no reason to refuse the rest. */
export const jsonWebKeySet = z.object({
  keys: z
    .array(z.unknown())
    .max(100)
    .transform((keys) => keys.flatMap((key) => publicKey.safeParse(key).data ?? [])),
})

export const signingKeysAnswer = z.union([z.object({ jwks: jsonWebKeySet }), z.object({ failed: z.string() })])

import * as z from 'zod'
import { refreshSigningKeys } from '../../shared/control/refresh-signing-keys.ts'
import { applicationControl } from '../../shared/http/serve-operator.ts'

const signingKeysRequest = z.strictObject({ issuer: z.string().min(1).max(500) })

/** Has an issuer's keys fetched and stored, for a function of the application plane that met a token with an unknown one. */
export async function handler(event: unknown): Promise<{ refreshed: boolean }> {
  const { issuer } = signingKeysRequest.parse(event)
  return { refreshed: await refreshSigningKeys(applicationControl(), issuer) }
}

import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import * as z from 'zod/mini'
import { $ZodError } from 'zod/v4/core'
import { createSecretsClient, readSecret } from '../aws/read-secret.ts'
import { AppError } from '../errors.ts'
import { createSingleFlight } from '../single-flight.ts'

const filled = z.string().check(z.minLength(1))

/** The JSON that RDS keeps in a login's secret, and the rotation functions expect there. */
const databaseSecret = z.object({
  host: filled,
  port: z.coerce.number().check(z.int(), z.minimum(1), z.maximum(65_535)),
  dbname: filled,
  username: filled,
  password: filled,
  /** TLS with a verified certificate, unless the secret says `false`, as that of the embedded server does. */
  ssl: z._default(z.boolean(), true),
  /** The secret of the server's master user. */
  masterarn: z.optional(filled),
})

export type DatabaseCredentials = z.output<typeof databaseSecret>

export interface CredentialsReader {
  /** A placement's credentials. Throws `unavailable` when the secret cannot be had. */
  read(placement: string): Promise<DatabaseCredentials>
  /** Forgets a placement's credentials, since the database refused them. */
  forget(placement: string): void
}

/**
 * Reads logins from Secrets Manager, each once for the life of the function, however many ask at the same time. An
 * old password stays good through a rotation with alternating users; when the database refuses it, `forget` it.
 */
export function createCredentialsReader(options: {
  readonly secretId: (placement: string) => string
  /** A proxy to connect to instead of the secret's host: rotation, which reads the secret too, must reach the server itself. */
  readonly hostOf?: (placement: string) => string | undefined
  readonly client?: SecretsManagerClient
}): CredentialsReader {
  const client = options.client ?? createSecretsClient()
  const known = new Map<string, DatabaseCredentials>()
  const once = createSingleFlight<DatabaseCredentials>()

  const fetchSecret = async (placement: string): Promise<DatabaseCredentials> => {
    const SecretId = options.secretId(placement)
    try {
      const login = databaseSecret.parse(JSON.parse(await readSecret(client, SecretId)), { jitless: true })
      const credentials = { ...login, host: options.hostOf?.(placement) ?? login.host }
      known.set(placement, credentials)
      return credentials
    } catch (error) {
      // Neither a SyntaxError's message nor a ZodError's may reach the log: both can quote the secret.
      const cause =
        error instanceof SyntaxError || error instanceof $ZodError ? new Error('not a login as JSON') : error
      throw new AppError('unavailable', 'The database cannot be reached right now.', {
        cause: new Error(`secret "${SecretId}" cannot be used`, { cause }),
      })
    }
  }

  return {
    read: async (placement) => known.get(placement) ?? once(placement, () => fetchSecret(placement)),
    forget: (placement) => void known.delete(placement),
  }
}

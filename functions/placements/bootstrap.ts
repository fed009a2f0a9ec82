import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import * as z from 'zod'
import { secretName } from '../../shared/db/application-pools.ts'
import { createCredentialsReader } from '../../shared/db/credentials.ts'
import { readEnvironment } from '../../shared/environment.ts'
import { createPlacement } from '../../shared/tenancy/create-placement.ts'

const bootstrapRequest = z.strictObject({ placement: z.string().regex(/^[a-z][a-z0-9-]{0,38}$/) })

/** RDS keeps the master user's name and password, and nothing else, in the secret that it manages. */
const masterSecret = z.object({ username: z.string().min(1), password: z.string().min(1) })

/**
 * Brings a declared placement to life: roles, database, grants, migrations. Where it is and what its logins' passwords
 * are, their secrets say. Invoked again it changes nothing but brings the logins' passwords to what the secrets hold.
 */
export async function handler(event: unknown): Promise<{ database: string }> {
  const { placement } = bootstrapRequest.parse(event)
  const { ATRIUM_STAGE, ATRIUM_CATALOG, MASTER_SECRET } = readEnvironment()
  const read = (login: 'api' | 'control') =>
    createCredentialsReader({ secretId: (name) => secretName(ATRIUM_STAGE, name, login) }).read(placement)
  const [api, control, master] = await Promise.all([read('api'), read('control'), readMaster(MASTER_SECRET)])
  await createPlacement(
    {
      ...master,
      host: api.host,
      port: api.port,
      database: 'postgres',
      ssl: api.ssl ? { rejectUnauthorized: true } : false,
    },
    {
      database: api.dbname,
      holdsCatalog: placement === ATRIUM_CATALOG,
      passwords: { api: api.password, control: control.password },
    },
  )
  return { database: api.dbname }
}

async function readMaster(secret: string | undefined): Promise<{ user: string; password: string }> {
  if (secret === undefined) throw new Error('MASTER_SECRET is not set')
  const answer = await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: secret }))
  const found = masterSecret.safeParse(JSON.parse(answer.SecretString ?? '{}'))
  // Not the ZodError: it could quote the secret.
  if (!found.success) throw new Error(`the secret "${secret}" is not that of a master user`)
  return { user: found.data.username, password: found.data.password }
}

import * as z from 'zod'
import { createSecretsClient, readSecret } from '../../shared/aws/read-secret.ts'
import type { BootstrapAnswer } from '../../shared/control/invoke-function.ts'
import { secretName } from '../../shared/db/application-pools.ts'
import { createCredentialsReader } from '../../shared/db/credentials.ts'
import { readEnvironment } from '../../shared/environment.ts'
import { createPlacement, withServer } from '../../shared/tenancy/create-placement.ts'
import { findShortage } from '../../shared/tenancy/server-connections.ts'

const bootstrapRequest = z.strictObject({ placement: z.string().regex(/^[a-z][a-z0-9-]{0,38}$/) })

/** RDS keeps the master user's name and password, and nothing else, in the secret that it manages. */
const masterSecret = z.object({ username: z.string().min(1), password: z.string().min(1) })

/**
 * Brings a declared placement to life: roles, database, grants, migrations. Where it is and what its logins' passwords
 * are, their secrets say. Invoked again it changes nothing but brings the logins' passwords to what the secrets hold. Makes
 * nothing, and answers why, for a placement that is not declared, and on a server with fewer connections than functions may open.
 */
export async function handler(event: unknown): Promise<BootstrapAnswer> {
  const { placement } = bootstrapRequest.parse(event)
  const { ATRIUM_STAGE, ATRIUM_CATALOG, CONNECTION_BUDGET } = readEnvironment()
  const read = (login: 'api' | 'control') =>
    createCredentialsReader({ secretId: (name) => secretName(ATRIUM_STAGE, name, login) }).read(placement)
  const logins = await Promise.all([read('api'), read('control')]).catch((error: unknown) => {
    if (causes(error).some((cause) => cause.name === 'ResourceNotFoundException')) return undefined
    throw error
  })
  if (logins === undefined) return { refused: undeclared, code: 'placement_unknown' }
  const [api, control] = logins
  const master = {
    ...(await readMaster(api.masterarn)),
    ...{ host: control.host, port: control.port, database: 'postgres' },
    ssl: control.ssl ? { rejectUnauthorized: true } : false,
  }
  const needed = CONNECTION_BUDGET[placement]
  const shortage = needed === undefined ? undefined : await withServer(master, (client) => findShortage(client, needed))
  if (shortage !== undefined) return { refused: shortage, code: 'connections_short' }
  await createPlacement(master, {
    database: api.dbname,
    holdsCatalog: placement === ATRIUM_CATALOG,
    passwords: { api: api.password, control: control.password },
  })
  return { database: api.dbname }
}

/** Its logins' secrets are made by the deployment that declares it. */
const undeclared = 'its logins have no secrets; declare it in infra/settings.ts (placements), and deploy'

function causes(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : []
}

async function readMaster(secret: string | undefined): Promise<{ user: string; password: string }> {
  if (secret === undefined) throw new Error('the login names no secret of a master user: masterarn')
  const found = masterSecret.safeParse(JSON.parse(await readSecret(createSecretsClient(), secret)))
  // Not the ZodError: it could quote the secret.
  if (!found.success) throw new Error(`the secret "${secret}" is not that of a master user`)
  return { user: found.data.username, password: found.data.password }
}

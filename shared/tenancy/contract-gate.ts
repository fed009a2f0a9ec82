import type pg from 'pg'
import { fileOf, type Migration } from '../db/migrations.ts'
import { AppError } from '../errors.ts'

/** For how long after its last request code counts as serving: an instance that is thawed may answer one more. */
const servingFor = '15 minutes'

/**
 * The lowest code version that serves, so far as is known: seen within the last 15 minutes, or the newest there was
 * before. Undefined when none has ever served. `client` acts as the owner where the catalog is.
 */
async function findLowestServing(client: pg.ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ lowest: number | null }>(
    `SELECT coalesce(
       min(code_version) FILTER (WHERE last_seen > now() - interval '${servingFor}'),
       (SELECT code_version FROM atrium.serving_code ORDER BY last_seen DESC LIMIT 1)) AS lowest
     FROM atrium.serving_code`,
  )
  return rows[0]?.lowest ?? undefined
}

/**
 * The migrations without the first contract that code which still serves does not allow, and all behind it. What a new
 * tenant is made with. Costs nothing while there are no contract migrations.
 */
export async function findAllowedMigrations(
  client: pg.ClientBase,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  if (migrations.every(({ contractFrom }) => contractFrom === undefined)) return migrations
  const lowest = await findLowestServing(client)
  const refused = migrations.findIndex(({ contractFrom }) => isRefused(contractFrom, lowest))
  return refused === -1 ? migrations : migrations.slice(0, refused)
}

/**
 * Throws `contract_refused` when one of the migrations, which are about to be applied, removes what code that still
 * serves may use.
 */
export async function requireAllowed(client: pg.ClientBase, migrations: readonly Migration[]): Promise<void> {
  const allowed = await findAllowedMigrations(client, migrations)
  const refused = migrations[allowed.length]
  if (refused === undefined) return
  const lowest = await findLowestServing(client)
  throw new AppError(
    'contract_refused',
    `The tenant migration ${fileOf(refused)} removes what code before version ${refused.contractFrom} uses, and version ` +
      `${lowest} serves, or did in the last ${servingFor}: deploy newer code first, or stop at version ${refused.version - 1}.`,
  )
}

function isRefused(contractFrom: number | undefined, lowest: number | undefined): boolean {
  return contractFrom !== undefined && lowest !== undefined && lowest < contractFrom
}
